"""The sweep of a variant: which batch size and how many threads, with a latency that a call may take."""

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from engine import (
    FileModel,
    Job,
    Report,
    RequestError,
    Sweep,
    SweepCell,
    SweepRequest,
    Target,
    Variant,
    VariantFile,
    cancel,
    charts,
    cores,
    estimate,
    known_profile,
    result,
    showdown_targets,
    start_measuring,
    sweeps_of,
    target_title,
    variant_files,
)
from engine.wording import many
from pages._ui import chrome, linked_analysis, live, notes_view, state, variant_choice
from pages._ui.guard import show_error
from pages._ui.results import sweep_table, target_button
from pages._ui.wording import milliseconds, plain, roughly

PARAM = "sweep"
"""The parameter of the address that holds the job, so that a reload or a copied link finds it."""
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


def show(report: Report) -> None:
    """Draws the newest sweep of a variant, or the one in the address, and the form for another."""
    variant = variant_choice.choose(report)
    if variant is None:
        return
    job = _job(report, variant)
    state.set_param(PARAM, job.id if job is not None else None)
    if job is None:
        with chrome.card("sweep", "Which batch size, how many threads?"):
            st.markdown(
                "More images a call bring more of them a second and make each call take longer; how many threads pay "
                "differs by model. A sweep times every combination of both on this machine, and names the best one "
                "within a latency that you set."
            )
            _form(report, variant)
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
        _form(report, variant)


def _job(report: Report, variant: Variant) -> Job | None:
    """The sweep of this variant in the address, else the newest one."""
    jobs = [
        job
        for job, request in sweeps_of(report.run_id, state.param(PARAM))
        if request.file.variant == variant.file_variant_id
    ]
    return linked_analysis.newest(PARAM, jobs)


def _form(report: Report, variant: Variant) -> None:
    """Draws what is swept over, about how long that takes, and the button that starts it."""
    try:
        (file,) = variant_files(report.run_id, prefix=variant.id, from_browser=True)
    except RequestError as error:
        show_error(error.message, error.next)
        return
    fixed = _fixed_batch(report)
    options = (fixed,) if fixed is not None else BATCH_SIZES
    batch_sizes = st.pills(
        "Images a call", options, selection_mode="multi", default=options[:6], key=f"sweep-batches-{variant.id}"
    )
    thread_counts = SweepRequest(file=file).axes(cores())["threads"]
    if fixed is not None:
        st.caption(f"The file takes {many(fixed, 'image')} a call and no other number: its batch size is fixed.")
    own = report.target_of(variant)
    base = own.model_copy(update={"streams": None})  # how many there are is an axis of its own
    targets = {target_title(target): target for target in showdown_targets(base)}
    runtime = st.segmented_control(
        "Runtime",
        list(targets),
        default=_own_title(base, targets),
        required=True,
        key=f"sweep-runtime-{variant.id}",
        wrap=True,
    )
    threads = _threads(targets[runtime], thread_counts)
    most = max(threads, default=1)
    streams = _streams(targets[runtime], tuple(count for count in thread_counts if count <= most), own.streams)
    limit = st.number_input(
        "A call may take, ms (optional)",
        min_value=0.001,
        value=report.recipe.budget.max_latency_ms,
        format="%g",
        key="sweep-limit",
        width=260,
        help="Larger batches are skipped once a smaller one takes longer than this.",
    )
    _start(file, tuple(batch_sizes), threads, streams, targets[runtime], limit)


def _threads(target: Target, options: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of threads that are chosen; on a card, where they hardly matter, at first the largest alone."""
    where, default = ("cpu", options) if target.on_cpu else ("card", options[-1:])
    return tuple(st.pills("Threads", options, selection_mode="multi", default=default, key=f"sweep-threads-{where}"))


def _streams(target: Target, options: tuple[int, ...], own: int | None) -> tuple[int, ...] | None:
    """The numbers of streams that are chosen, at first the run's own where it is on offer.

    None where the runtime has none, or there is one option alone.
    """
    if target.runtime != "openvino" or len(options) < 2:
        return None
    chosen = st.pills(
        "Streams",
        options,
        selection_mode="multi",
        default=(own,) if own in options else options[:1],
        key=f"sweep-streams-{options[-1]}",
        help="Calls that OpenVINO computes side by side, each with its part of the threads. With several, one call is "
        "in flight on each: it takes longer than alone, and more of them end in a second.",
    )
    return tuple(chosen) or (1,)


def _own_title(own: Target, targets: Mapping[str, Target]) -> str:
    """Which of the targets on offer the variant was measured at.

    OpenVINO left to itself computes in the fewest bits, which come last. Any runtime is the first.
    """
    equal = [title for title, target in targets.items() if target == own]
    of_runtime = [title for title, target in targets.items() if target.runtime == own.runtime]
    return next(iter((*equal, *of_runtime[::-1], *targets)))


def _start(
    file: VariantFile,
    batch_sizes: tuple[int, ...],
    threads: tuple[int, ...],
    streams: tuple[int, ...] | None,
    target: Target,
    limit: float | None,
) -> None:
    """Draws the estimate and the button."""
    chosen = bool(batch_sizes and threads)
    pressed = st.button(
        "Start the sweep", type="primary", icon=":material/grid_on:", key="sweep-start", disabled=not chosen
    )
    token = state.token(pressed)
    if not chosen:
        st.caption("Choose at least one batch size and one number of threads.")
        return
    try:
        request = SweepRequest.parse(
            {
                "file": file,
                "target": target,
                "batch_sizes": batch_sizes,
                "threads": threads,
                "streams": None if streams == (1,) else streams,
                "max_latency_ms": limit,
            }
        )
        st.caption(
            f"{many(len(request.targets(cores())), 'cell')}, each timed {request.rounds} times: "
            f"{roughly(estimate(request).seconds)}, estimated. Stop it at any time: what was measured stays. This "
            f"process may use {many(cores(), 'core')}, so no more threads are on offer."
        )
        if pressed:
            state.set_param(PARAM, start_measuring(request, token=token, from_browser=True).id)
            st.rerun()
    except RequestError as error:
        show_error(error.message, error.next)


def _fixed_batch(report: Report) -> int | None:
    """The batch size that the user's own file is fixed to; None where it is dynamic, or not known here."""
    if not isinstance(report.recipe.model, FileModel):
        return None
    with suppress(RequestError):
        profile = known_profile(report.recipe.model, report.recipe.preprocess, from_browser=True)
        return profile.fixed_batch if profile is not None else None
    return None


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
        min_value=0.001,
        value=sweep.max_latency_ms,
        format="%g",
        key=f"sweep-within-{id}",
        width=200,
        placeholder="any latency",
        help="The latency that a call may take. It only decides which cell is the best: nothing is measured again.",
    )
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
    cell = sweep_table.clicked(sweep, event.selection.cells) or best
    if cell is None:
        st.info(
            f"No cell takes at most {limit:g} ms. Allow more, or choose a cell of the matrix.", icon=":material/info:"
        )
        return
    is_best = best is not None and cell.target == best.target
    _chosen(report, cell, limit, is_best=is_best, equal=sweep.quicker_equal(cell, limit) if is_best else None)


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
