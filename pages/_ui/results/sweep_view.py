"""The sweep of a variant: which batch size and how many threads, with a latency that a call may take."""

import math

import streamlit as st

from engine import (
    Job,
    Report,
    Sweep,
    SweepCell,
    cancel,
    charts,
    result,
    sweeps_of,
    target_title,
)
from engine.wording import many
from pages._ui import chrome, linked_analysis, live, notes_view, state, variant_choice
from pages._ui.guard import show_error
from pages._ui.results import measured_on, sweep_form, sweep_table, target_button
from pages._ui.wording import milliseconds, plain

PARAM = "sweep"
"""The parameter of the address that holds the job, so that a reload or a copied link finds it."""
CELL = "cell"
"""The one with the cell that is chosen in the matrix: its row, counted from 0, and its images a call."""
WITHIN = "within"
"""The one with the latency that a call may take, in ms, where it is not the sweep's own; empty for any."""


def show(report: Report) -> None:
    """Draws the sweep in the address with its variant, else the newest one of a variant, and the form for another."""
    sweeps = sweeps_of(report.run_id, state.param(PARAM))
    linked = linked_analysis.named(PARAM, sweeps)
    variant = variant_choice.choose(report, linked=linked.file.variant if linked is not None else None)
    if variant is None:
        return
    of_file = [job for job, request in sweeps if request.file.variant == variant.file_variant_id]
    job = linked_analysis.newest(PARAM, of_file)
    if job is None or job.id != state.param(PARAM) or job.state not in live.ENDED:
        for name in (CELL, WITHIN):  # of another sweep
            state.set_param(name, None)
    state.set_param(PARAM, job.id if job is not None else None)
    if job is None:
        with chrome.card("sweep", "Which batch size, how many threads?"):
            st.markdown(
                "More images a call bring more of them a second and make each call take longer; how many threads pay "
                "differs by model. A sweep times every combination of both on this machine, and names the best one "
                "within a latency that you set."
            )
            sweep_form.show(report, variant, PARAM)
        return
    if job.state not in live.ENDED:
        with chrome.card("sweep", "Sweeping batch and threads", plain(variant.label)):
            live.watch(job.id, _progress)
        return
    outcome = result(job.id)
    sweep = outcome if isinstance(outcome, Sweep) else None
    _outcome(report, job, sweep)
    nothing = sweep is None or not sweep.measured
    with st.expander("Sweep again, or over other sizes", icon=":material/refresh:", expanded=nothing):
        sweep_form.show(report, variant, PARAM)


def _progress(job: Job) -> None:
    """Draws the progress and the cells so far; the fragment calls it every second."""
    live.progress(job)
    if st.button("Stop, and keep what was measured", icon=":material/stop:", key="stop-sweep", type="tertiary"):
        cancel(job.id)
    so_far = result(job.id)
    if isinstance(so_far, Sweep):
        st.table(sweep_table.as_frame(so_far), border="horizontal", hide_index=True, alt="Cells measured so far")


def _outcome(report: Report, job: Job, sweep: Sweep | None) -> None:
    """Draws how it ended, with the cells; where none has a figure, why."""
    if job.state == "failed" and job.error is not None:
        show_error(job.error.text, job.error_next)
    if sweep is None or not sweep.measured:
        st.info("Nothing was measured before it ended.", icon=":material/info:")
        if sweep is not None:
            notes_view.show(sweep.warnings)
            _reasons(sweep)
        return
    if job.state != "done":
        _kept(sweep, job)
    measured_on.show(sweep.environment)
    notes_view.show(sweep.warnings)
    _matrix(report, sweep, job.id)


def _reasons(sweep: Sweep) -> None:
    """Draws why cells have no figure."""
    for line in sweep_table.reasons(sweep):
        st.caption(line)


def _kept(sweep: Sweep, job: Job) -> None:
    """Draws how much was measured before it was stopped, or before it failed and at what."""
    n_measured = f"{len(sweep.measured)} of {many(len(sweep.cells), 'cell')} have a figure"
    if job.state == "cancelled":
        st.info(f"You stopped it: {n_measured}.", icon=":material/pause_circle:")
    elif sweep.measuring is not None:
        cell = sweep_table.name(sweep.cells[sweep.measuring])
        st.info(f"It ended while {cell} was being timed: {n_measured}, and these are kept.", icon=":material/info:")


def _matrix(report: Report, sweep: Sweep, id: str) -> None:
    """Draws the threshold, the chart, the matrix of cells and the chosen one."""
    limit = st.number_input(
        "Within, ms",
        min_value=sweep_form.LEAST_MS,
        value=None,
        format="%g",
        key=state.seeded_key(f"sweep-within-{id}", _linked_limit(sweep)),
        width=200,
        placeholder="any latency",
        help="The latency that a call may take. It only decides which cell is the best: nothing is measured again.",
    )
    state.set_param(WITHIN, None if limit == sweep.max_latency_ms else "" if limit is None else f"{limit:g}")
    best = sweep.best_within(limit)
    frame = sweep_table.as_frame(sweep, best)
    with chrome.card("sweep-chart", "Throughput against latency", "Up and left is better."):
        chrome.chart(charts.sweep(sweep, limit), "sweep-chart")
    with chrome.card(
        "sweep-matrix",
        "Every cell",
        f"{plain(target_title(sweep.target))}. Click a cell to choose it; ★ is the best.",
    ):
        event = st.dataframe(
            frame,
            hide_index=True,
            on_select="rerun",
            selection_mode="single-cell",
            selection_default={"selection": {"cells": _linked(sweep)}},
            key=f"sweep-matrix-{id}",
            column_config={sweep_table.CORNER: st.column_config.TextColumn(pinned=True)},
        )
        _reasons(sweep)
        st.download_button(
            "Cells as CSV",
            sweep_table.as_csv(sweep),
            mime="text/csv",
            file_name=f"sweep-{report.run_id}.csv",
            icon=":material/table:",
            on_click="ignore",
        )
    selected = sweep_table.clicked(sweep, event.selection.cells)
    state.set_param(CELL, ",".join(map(str, event.selection.cells[0])) if selected is not None else None)
    cell = selected or best
    if cell is None:
        st.info(
            f"No cell takes at most {limit:g} ms. Allow more, or choose a cell of the matrix.", icon=":material/info:"
        )
        return
    is_best = best is not None and cell.target == best.target
    _chosen(report, cell, limit, is_best=is_best, equal=sweep.quicker_equal(cell, limit) if is_best else None)


def _linked_limit(sweep: Sweep) -> float | None:
    """The latency in the address; that of the sweep itself where there is none, or no such number."""
    asked = state.param(WITHIN)
    if asked == "":
        return None
    try:
        limit = float(asked or "")
    except ValueError:
        return sweep.max_latency_ms
    return limit if sweep_form.LEAST_MS <= limit < math.inf else sweep.max_latency_ms


def _linked(sweep: Sweep) -> list[tuple[int, str]]:
    """The position of the cell in the address; none where it is no cell of the sweep."""
    sizes = [str(size) for size in sweep.axes["batch_size"]]
    positions = {f"{row},{size}": (row, size) for row in range(len(sweep.rows)) for size in sizes}
    return [positions[asked]] if (asked := state.param(CELL)) in positions else []


def _chosen(report: Report, cell: SweepCell, limit: float | None, *, is_best: bool, equal: SweepCell | None) -> None:
    """Draws one cell with its figures, and the button that makes it the target of the recipe.

    `equal` is as good as it within the intervals, and its calls are shorter.
    """
    best = "Most images a second" if limit is None else f"Sweet spot within {milliseconds(limit)}"
    title = f"{best if is_best else 'Chosen'}: {sweep_table.name(cell)}"
    with chrome.card("sweep-cell", title, accent=True):
        chrome.metrics(
            {
                "Images a second": f"{cell.images_per_s:,.0f}",
                "Latency p50": milliseconds(cell.p50_ms or 0.0),
            }
        )
        among = f", with {many(cell.in_flight, 'call')} in flight, one on each stream" if cell.in_flight > 1 else ""
        st.caption(f"A call takes {sweep_table.interval(cell)}{among}.")
        if equal is not None:
            st.caption(
                f"Within the intervals, {sweep_table.name(equal)} is as good, and its call takes "
                f"{milliseconds(equal.p50_ms or 0.0)}."
            )
        if limit is not None and cell.within(limit) != "yes":
            unsure = "may take longer than that: its interval reaches beyond it, or is not known"
            st.caption("A call takes longer than that." if cell.within(limit) == "no" else f"A call {unsure}.")
        target_button.show(report, cell.target, sweep_table.name(cell), key="sweep-use")
        target = target_title(cell.target.model_copy(update={"streams": None}))
        st.caption(f"It opens this run's recipe with {plain(target)}, {sweep_table.name(cell)} as its target.")
        if cell.in_flight > 1:
            st.caption(
                "A run times one call at a time, for which one stream is best: there these streams show as slower. "
                "They pay where as many requests come in at once."
            )
