"""The graphs of the baseline and of a variant side by side, coloured by a figure, matched through what was fused."""

import streamlit as st

from engine import (
    GraphComparison,
    Job,
    LayerErrors,
    Report,
    TimeProfile,
    Variant,
    charts,
    find_graphs,
    find_layer_errors,
    find_time_profile,
    result,
    start_graphs,
    start_layer_errors,
)
from engine.charts import Colouring, GraphSide
from pages._ui import chrome, live, state, variant_choice
from pages._ui.graph import graph_component
from pages._ui.guard import callback, guarded, show_error
from pages._ui.results import graph_nodes, time_view
from pages._ui.results.variant_analysis import ProgressCard, asked, finished
from pages._ui.wording import plain

WHOLE_BY_ITSELF = 150
"""Nodes of a file up to which the graph is drawn whole before anybody asks."""
BLOCKS, NODES = "Blocks", "Every node"
GRAPHS = "graphs"
"""The key of what is drawn."""
SIDES: tuple[GraphSide, GraphSide] = ("baseline", "model")


def show(report: Report) -> None:
    """Draws the graph of one variant beside the baseline's: its button, its progress, or both graphs."""
    variant = variant_choice.choose(report, time_view.variants_of(report), "Variant beside the baseline")
    if variant is None:
        return
    progress = ProgressCard("graphs", "Reading both files", "Their nodes, and which of them compute the same")
    job = finished(find_graphs, report, variant, _start_card, progress)
    if job is not None:
        comparison = result(job.id)
        if isinstance(comparison, GraphComparison):
            _graphs(report, variant, comparison)


def _start_card(report: Report, variant: Variant) -> None:
    """Draws the button."""
    with chrome.card("graphs", "What has become of the graph?"):
        st.markdown(
            "Baseline and variant as graphs side by side, node by node or by block, coloured by where bytes and time "
            "go. Press a node to see what computes the same in the other file, also where several were fused into one."
        )
        if st.button("Draw both graphs", type="primary", icon=":material/account_tree:", key="graphs-now"):
            with guarded():
                start_graphs(report.run_id, variant.id)
                st.rerun()


def _graphs(report: Report, variant: Variant, comparison: GraphComparison) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colouring = _colouring(report, variant, comparison)
        detail = _detail(comparison)
        wanted = st.text_input(
            "Search nodes",
            placeholder="Part of a name or of an operator",
            key="nodes",
            bind="query-params",
            max_chars=200,
            width=280,
        )
    names = {"baseline": "Baseline", "model": variant.label}
    graph_nodes.hits(comparison, wanted or "", names)
    opened = charts.EVERYTHING if detail == NODES else state.param("open") or ""
    if detail == BLOCKS:
        _way_back(opened)
    chosen = graph_nodes.chosen(comparison)
    with chrome.card("graph-drawing"):
        drawings = charts.graph_drawings(comparison, colouring, opened=opened, found=wanted or "", chosen=chosen)
        titles = {side: f"{names[side]} · {getattr(comparison, side).n_nodes:,} nodes" for side in SIDES}
        graph_component.draw(
            drawings,
            titles=titles,
            alts={side: charts.graph_alt(drawings[side], titles[side], colouring) for side in SIDES},
            key=GRAPHS,
            on_pick=_pick,
        )
        st.caption(_legend(comparison, colouring, detail))
    graph_nodes.table(comparison, colouring, names)


def _colouring(report: Report, variant: Variant, comparison: GraphComparison) -> Colouring:
    """Draws the choice of what is measured already, and the buttons that measure the others; what is chosen."""
    time, errors = (asked(find, report, variant) for find in (find_time_profile, find_layer_errors))
    offered = {"Weights": charts.bytes_colouring(comparison)}
    if isinstance(time.result, TimeProfile) and time.result.names_nodes:
        offered["Time"] = charts.time_colouring(time.result)
    if isinstance(errors.result, LayerErrors):
        offered["Error"] = charts.error_colouring(errors.result, comparison)
    name = st.segmented_control(
        "Colour by",
        list(offered),
        default=next(iter(offered)),
        required=True,
        key="colour",
        bind="query-params",
        help="The stronger the colour of a box, the more of it is there, in either file; of errors, the worse.",
    )
    if "Time" not in offered and time.can_be:
        _time_button(report, variant, time.job)
    if "Error" not in offered and errors.can_be:
        _error_button(report, variant, errors.job)
    return offered[name]


def _time_button(report: Report, variant: Variant, job: Job | None) -> None:
    """Draws the button that profiles both files, or the progress of that."""
    if _button(
        job,
        "Measure time",
        icon=":material/timer:",
        key="graph-time",
        help="Profiles one call of both files, node by node, in a few seconds; then time can be a colour.",
    ):
        time_view.start(report, variant, job)


def _error_button(report: Report, variant: Variant, job: Job | None) -> None:
    """Draws the button that compares the layers with FP32's, or the progress of that."""
    if _button(
        job,
        "Compare the layers",
        icon=":material/stacked_line_chart:",
        key="graph-errors",
        help="Compares the values of every layer with FP32's, as the view Layers does; then errors can be a colour.",
    ):
        with guarded():
            start_layer_errors(report.run_id, variant.id)
            st.rerun()


def _button(job: Job | None, label: str, *, icon: str, key: str, help: str) -> bool:
    """Draws a button that starts an analysis, with the error of the last one, or the progress of the one that runs."""
    if job is not None and job.state not in live.ENDED:
        live.watch(job.id, live.with_cancel)
        return False
    pressed = st.button(label, icon=icon, key=key, help=help)
    if job is not None and job.error:
        show_error(job.error.text, job.error_next)
    return pressed


def _detail(comparison: GraphComparison) -> str:
    """Draws the choice between blocks and nodes, where the graphs have few enough nodes; what is chosen."""
    n_nodes = max(len(comparison.baseline.nodes), len(comparison.model.nodes))
    if n_nodes > charts.MOST_DRAWN or comparison.baseline.is_folded or comparison.model.is_folded:
        return BLOCKS
    detail: str = st.segmented_control(
        "Detail",
        [BLOCKS, NODES],
        default=NODES if n_nodes <= WHOLE_BY_ITSELF else BLOCKS,
        required=True,
        key="detail",
        bind="query-params",
    )
    return detail


def _way_back(opened: str) -> None:
    """Draws the blocks around the one that is open, each of which a press opens instead."""
    if not opened:
        return
    parts = opened.split(".")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for length in range(len(parts)):
            path = ".".join(parts[:length])
            label = plain(path) or "All blocks"
            st.button(
                label,
                key=f"open-{length}",
                type="tertiary",
                icon=":material/arrow_back:" if length == 0 else None,
                on_click=_open,
                args=(path,),
            )
            st.markdown("›")
        st.markdown(f"**{plain(opened)}**")


@callback
def _open(path: str) -> None:
    state.set_param("open", path or None)


@callback
def _pick() -> None:
    """Opens the block that was pressed, or chooses the node; the address has both."""
    pick = state.value(GRAPHS)["pick"]
    side, box = str(pick["side"]), str(pick["box"])
    if charts.is_block(box):
        _open(charts.box_name(box))
    else:
        graph_nodes.choose(side, charts.box_name(box))


def _legend(comparison: GraphComparison, colouring: Colouring, detail: str) -> str:
    texts = [
        f"Colour: {colouring.title.lower()}, the {'worst' if colouring.least_is_strongest else 'most'} in the "
        "strongest. Drag to move, Ctrl and the wheel to zoom, or arrows, + and − on the keyboard."
    ]
    if detail == BLOCKS:
        texts.append("A double border is a block, by the names of weights: press it to open it.")
    if colouring.note:
        texts.append(colouring.note)
    for side in SIDES:
        graph = getattr(comparison, side)
        if graph.is_folded:
            texts.append(
                f"{graph.n_nodes:,} nodes are too many to draw: {len(graph.nodes):,} boxes stand for several in a row, "
                "and the search finds the first of each."
            )
            break
    return " ".join(texts)
