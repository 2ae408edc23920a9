"""One run: its heading and menu, its timeline while it runs, and its report when it has ended."""

import streamlit as st

from engine import Job, NotFoundError, Report, cancel, job, list_jobs, report
from engine.wording import percent
from pages._ui import chrome, live, skipped_view, state
from pages._ui.guard import show_error
from pages._ui.live import ENDED
from pages._ui.results import (
    broken_view,
    changes_view,
    classes_view,
    files_view,
    graph_view,
    layers_view,
    lineage_view,
    overview_view,
    provenance_view,
    race_view,
    run_menu,
    showdown_view,
    sweep_view,
    time_view,
    timeline_view,
)
from pages._ui.wording import ago, duration, plain, roughly

VIEWS = {
    "Overview": overview_view.show,
    "Steps": lineage_view.show,
    "Race": race_view.show,
    "Images": changes_view.show,
    "Classes": classes_view.show,
    "Layers": layers_view.show,
    "Time": time_view.show,
    "Graph": graph_view.show,
    "Take home": files_view.show,
    "Showdown": showdown_view.show,
    "Sweep": sweep_view.show,
    "How it was measured": provenance_view.show,
}


def current_run() -> str | None:
    """The id of the run in the address, else of the last one opened or the newest, which is then set in the address."""
    id = state.param("run")
    if id is None:
        newest = [run.id for run in list_jobs(limit=1)]
        id = state.last_run() or next(iter(newest), None)
        state.set_param("run", id)
    return id


def show(id: str) -> None:
    """Draws the page of a run in any state."""
    try:
        run = job(id)
    except NotFoundError:
        _not_found(id)
        return
    if run.kind != "run":
        _not_found(id)
        return
    state.set_last_run(id)
    result = report(run.id) if run.state in ENDED else None
    _heading(run, result)
    if run.state in ENDED:
        _report(run, result)
    else:
        live.watch(run.id, _progress)


def _not_found(id: str) -> None:
    state.set_last_run(None)
    chrome.heading("No such run", f"There is no run '{plain(id)}' here: it was deleted, or the address is not whole.")
    with st.container(horizontal=True):
        st.page_link(chrome.RUNS, label="All runs", icon=":material/arrow_back:")
        st.page_link(chrome.START, label="Start with the sample", icon=":material/play_arrow:")


def _heading(run: Job, result: Report | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.page_link(chrome.RUNS, label="All runs", icon=":material/arrow_back:")
        run_menu.show(run, is_measured=result is not None and result.recommended is not None)
    st.title(plain(run.name), anchor=False)
    chrome.notices()


def _progress(run: Job) -> None:
    """Draws a run that has not ended; the fragment calls it every second."""
    with chrome.card("run", accent=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            live.badge(run)
            st.markdown(_queue_text(run) if run.state == "queued" else _time_text(run), width="stretch")
            if st.button("Cancel", icon=":material/stop:", key="cancel"):
                cancel(run.id)
                st.rerun()
        if run.attempts > 1:
            st.caption(f"Attempt {run.attempts}: it was interrupted and started over.")
        if run.state == "running":
            st.progress(min(max(run.fraction, 0.0), 1.0))
        timeline_view.show(run)


def _queue_text(run: Job) -> str:
    """A sentence on the run that a queued run waits for."""
    if not run.waits_for:
        return "It begins as soon as the queue is looked at, which takes a second or two."
    first, *others = run.waits_for
    activity = "is running" if first.state == "running" else "waits before it"
    more = f", and {len(others)} more before it" if others else ""
    return f"It waits for **{plain(first.name)}**, which {activity}{more}."


def _time_text(run: Job) -> str:
    """How long the run has taken so far, and about how long it still takes."""
    remaining = f" · {roughly(run.remaining_seconds)} left" if run.remaining_seconds is not None else ""
    return f"{duration(run.seconds)} so far{remaining}, {percent(run.fraction)} done"


def _report(run: Job, result: Report | None) -> None:
    if result is None or not result.variants:
        _no_variants(run)
        return
    broken_view.show(result)
    _summary_line(run, result)
    views = {
        "Race": bool(result.races),
        "Steps": len(result.main_variants) > 1,
        "Images": changes_view.has_images(result),
        "Classes": classes_view.has_classes(result),
        "Layers": bool(time_view.variants_of(result)) and result.recommended is not None,
        "Time": bool(time_view.variants_of(result)) and result.recommended is not None,
        "Graph": bool(time_view.variants_of(result)) and result.recommended is not None,
    }
    names = [name for name in VIEWS if views.get(name, True)]
    view = st.segmented_control(
        "View",
        names,
        default=state.default("Overview"),
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
        wrap=True,
    )
    VIEWS[view](result)


def _summary_line(run: Job, result: Report) -> None:
    """Draws when, how long and on what machine it ran, and that it was cancelled or failed."""
    machines = dict.fromkeys((result.run_hardware, result.latency_hardware))
    machine = plain(", its latencies on ".join(machines))
    if run.state == "done":
        st.markdown(f"Measured {ago(run.finished or run.created)} in {duration(run.seconds)} on {machine}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        live.badge(run)
        outcome = "Cancelled" if run.state == "cancelled" else "It broke off"
        st.markdown(
            f"{outcome} {ago(run.finished or run.created)} after {duration(run.seconds)} on {machine}. "
            "What it had finished is here.",
            width="stretch",
        )


def _no_variants(run: Job) -> None:
    """Draws a run that ended before it had a variant."""
    with chrome.card("run"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            live.badge(run)
            outcome = "It was cancelled" if run.state == "cancelled" else "It ended"
            when = f"after {duration(run.seconds)}, before anything was measured" if run.started else "before it began"
            st.markdown(f"{outcome} {when}.", width="stretch")
        if run.state == "failed" and run.error:
            show_error(run.error.text, run.error_next)
            skipped_view.download(run.id)
        timeline_view.show(run)
        if st.button("Run again with changes", type="primary", icon=":material/edit:", key="again"):
            state.go(chrome.OPTIMIZE, recipe=run.id)
