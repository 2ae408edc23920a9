"""Variants of several runs: what is chosen, the chart of two figures, the table, and what does not compare."""

from collections.abc import Mapping, Sequence

import streamlit as st

from engine import ComparedVariant, Job, RunComparison, charts, compare, report, verifications
from engine.charts import FigureName
from engine.wording import many
from pages._ui import chrome, row_selection, state, verified_table
from pages._ui.browser_terms import told
from pages._ui.compare import choices, comparison_table, limits
from pages._ui.guard import guarded
from pages._ui.wording import plain

MOST_LISTED = 200
"""The largest number of runs to choose from."""
FIGURES: Mapping[FigureName, str] = {
    "latency": "Latency",
    "size": "Size",
    "quality": "Accuracy or similarity",
    "throughput": "Images per second",
    "speed": "Times as fast",
    "memory": "Memory",
}
WHAT = {"speed": "Speed-ups", "latency": "Latencies, loads and memory", "quality": "Accuracy"}
"""What a difference is about, at the beginning of its sentence."""


def show(runs: Sequence[Job]) -> None:
    """Draws the choice of runs and their comparison, or what is needed for one."""
    if not runs:
        chrome.empty(
            "Nothing to compare yet",
            "When runs have ended, their variants stand here beside each other, whatever models they began with.",
            ":material/compare_arrows:",
        )
        st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
        return
    ids, names = choices.runs(runs)
    candidates = st.toggle("With the candidates of races", key="candidates", bind="query-params")
    if not ids:
        st.info("Choose a run to see its variants, or several to compare them.", icon=":material/info:")
        return
    with guarded():
        comparison = compare(ids, candidates=candidates)
        _show(choices.variants(comparison), comparison.variants[0])
        _verified(ids)
        _trees(ids, names)


def _show(comparison: RunComparison, reference: ComparedVariant) -> None:
    """Draws what is chosen; `reference` is the first run's baseline, which changes of size are from."""
    chosen = limits.choose()
    keeps = [chosen.keeps(one) for one in comparison.variants]
    _chart(comparison, keeps, chosen)
    if len({one.run_id for one in comparison.variants}) > 1:
        st.caption(
            "Runs are not timed in the same rounds: their latencies drift with the machine, by tens of percent on a "
            "busy one. Times as fast as the same baseline are steadier."
        )
    _table(comparison, keeps, reference)
    _differences(comparison)


def _chart(comparison: RunComparison, keeps: Sequence[bool], chosen: limits.Limits) -> None:
    """Draws two figures against each other; a point that is pressed opens its run."""
    names = list(FIGURES)
    with chrome.card("front", "None of the others beats these", "On the line nothing is better in both figures."):
        left, right = st.columns(2)
        with left:
            across = st.selectbox(
                "Across", names, format_func=FIGURES.__getitem__, key="across", bind="query-params", index=4
            )
        with right:
            up = st.selectbox("Up", names, format_func=FIGURES.__getitem__, key="up", bind="query-params", index=2)
        within = {charts.variant_key(one) for one, kept in zip(comparison.variants, keeps, strict=True) if kept}
        figure = charts.front(comparison, across, up, within=within, limits=chosen.on_axes)
        event = st.plotly_chart(
            figure,
            key="front",
            alt=charts.alt_text(figure),
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False, "responsive": True},
        )
        st.caption(
            "A square is a baseline, a colour a run, a dotted line a limit; what is faint does not meet a limit. "
            "Press a point to open it."
        )
        for point in event.selection.points:
            run_id, variant_id = point["customdata"]
            _open(run_id, variant_id)


def _table(comparison: RunComparison, keeps: Sequence[bool], reference: ComparedVariant) -> None:
    """Draws the table; a row that is pressed opens its run."""
    columns = st.pills(
        "Columns",
        comparison_table.COLUMNS,
        selection_mode="multi",
        default=comparison_table.SHOWN,
        key="columns",
        bind="query-params",
    )
    frame = comparison_table.as_frame(comparison, reference)[
        [name for name in comparison_table.COLUMNS if name in columns]
    ]
    event = st.dataframe(
        comparison_table.styled(frame, keeps),
        hide_index=True,
        on_select="rerun",
        selection_mode=row_selection.MODES,
        key="compared",
        alt="Variants of the runs side by side",
        height=min(640, 38 + 35 * max(len(frame), 1)),
        column_config=comparison_table.column_config(comparison),
        placeholder="–",
    )
    row = row_selection.selected_row(event, len(comparison.variants))
    if row is not None:
        chosen = comparison.variants[row]
        _open(chosen.run_id, chosen.variant_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "As CSV",
            comparison_table.as_csv(comparison.variants),
            mime="text/csv",
            file_name="comparison.csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.caption(
            f"Within the limits: {sum(keeps):,} of {many(len(keeps), 'variant')}. Quality is "
            f"{charts.quality_axis_of(comparison.kind).name}. Select one to open it."
        )


def _open(run_id: str, variant_id: str) -> None:
    state.go(chrome.RESULTS, run=run_id, view="Take home", variant=variant_id)


def _differences(comparison: RunComparison) -> None:
    """Draws why figures are left out."""
    if not comparison.differences:
        return
    st.subheader("What does not compare", anchor=False)
    st.markdown(
        "\n".join(
            f"- **{plain(one.run_name)}**: {WHAT[one.quantity]} are left out. {told(one.reason)}"
            for one in comparison.differences
        )
    )


def _verified(ids: Sequence[str]) -> None:
    """Draws what bundles of these runs found on other machines, apart from what was measured here."""
    if not (known := verifications(ids)):
        return
    with chrome.card(
        "verified", "Measured on other machines", "By bundles of these runs; what is above was measured here alone"
    ):
        verified_table.show(known, "verified", runs=True)


def _trees(ids: Sequence[str], names: Mapping[str, str]) -> None:
    """Draws, when it is opened, what came from what in each run."""
    for id in ids:
        box = st.expander(f"What came from what: {plain(names.get(id, id))}", key=f"tree-{id}", on_change="rerun")
        if box.open and (result := report(id)) is not None:
            with box:
                chrome.chart(charts.tree(result), f"tree-of-{id}")
