"""One run: its heading and menu, its timeline while it goes, and its answer when it has ended."""

import streamlit as st

from engine import Job, NotFoundError, Report, cancel, job, list_jobs, report
from engine.wording import percent
from pages._ui import chrome, live, state
from pages._ui.guard import say
from pages._ui.live import ENDED
from pages._ui.results import (
    files_view,
    lineage_view,
    overview_view,
    provenance_view,
    race_view,
    run_menu,
    timeline_view,
)
from pages._ui.wording import ago, duration, plain, roughly

VIEWS = {
    "Overview": overview_view.show,
    "Steps": lineage_view.show,
    "Race": race_view.show,
    "Take home": files_view.show,
    "How it was measured": provenance_view.show,
}


def asked_for() -> str | None:
    """The run that the address names; else the one that was looked at last, or the newest, whose address it becomes."""
    id = state.param("run")
    if id is None:
        known = [run.id for run in list_jobs(limit=1)]
        id = state.last_run() or next(iter(known), None)
        state.set_param("run", id)
    return id


def show(id: str) -> None:
    """The page of a run, whatever its state."""
    try:
        run = job(id)
    except NotFoundError:
        _missing(id)
        return
    if run.kind != "run":
        _missing(id)
        return
    state.remember_run(id)
    _head(run)
    if run.state in ENDED:
        _ended(run)
    else:
        live.watch(run.id, _going)


def _missing(id: str) -> None:
    state.remember_run(None)
    chrome.heading("No such run", f"There is no run '{plain(id)}' here: it was deleted, or the address is not whole.")
    with st.container(horizontal=True):
        st.page_link(chrome.RUNS, label="All runs", icon=":material/arrow_back:")
        st.page_link(chrome.START, label="Start with the sample", icon=":material/play_arrow:")


def _head(run: Job) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.page_link(chrome.RUNS, label="All runs", icon=":material/arrow_back:")
        run_menu.show(run)
    st.title(plain(run.name), anchor=False)
    chrome.notices()


def _going(run: Job) -> None:
    """What the fragment draws each second."""
    with chrome.card("run", accent=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            live.badge(run)
            st.markdown(_waits(run) if run.state == "queued" else _time(run), width="stretch")
            if st.button("Cancel", icon=":material/stop:", key="cancel"):
                cancel(run.id)
                st.rerun()
        if run.attempts > 1:
            st.caption(f"Attempt {run.attempts}: it was interrupted and started over.")
        if run.state == "running":
            st.progress(min(max(run.fraction, 0.0), 1.0))
        timeline_view.show(run)


def _waits(run: Job) -> str:
    """What a queued run waits for, by name."""
    if not run.waits_for:
        return "It begins as soon as the queue is looked at, which takes a second or two."
    first, *others = run.waits_for
    doing = "is running" if first.state == "running" else "waits before it"
    more = f", and {len(others)} more before it" if others else ""
    return f"It waits for **{plain(first.name)}**, which {doing}{more}."


def _time(run: Job) -> str:
    """How long it has gone on, and about how long it still takes by what was done so far."""
    left = f" · {roughly(run.remaining_seconds)} left" if run.remaining_seconds is not None else ""
    return f"{duration(run.seconds)} so far{left}, {percent(run.fraction)} done"


def _ended(run: Job) -> None:
    found = report(run.id)
    if found is None or not found.variants:
        _nothing(run)
        return
    _line(run, found)
    views = {"Race": bool(found.races), "Steps": len(found.main_variants) > 1}
    names = [name for name in VIEWS if views.get(name, True)]
    view = st.segmented_control(
        "View",
        names,
        default=state.default("Overview"),
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS[view](found)


def _line(run: Job, found: Report) -> None:
    """When, how long and on what; and how it ended where it did not end well."""
    machine = plain(found.environment.cpu)
    if run.state == "done":
        st.markdown(f"Measured {ago(run.finished or run.created)} in {duration(run.seconds)} on {machine}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        live.badge(run)
        what = "Cancelled" if run.state == "cancelled" else "It broke off"
        st.markdown(
            f"{what} {ago(run.finished or run.created)} after {duration(run.seconds)} on {machine}. "
            "What it had finished is here.",
            width="stretch",
        )


def _nothing(run: Job) -> None:
    """A run that ended before it had a variant."""
    with chrome.card("run"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            live.badge(run)
            what = "It was cancelled" if run.state == "cancelled" else "It ended"
            long = f"after {duration(run.seconds)}, before anything was measured" if run.started else "before it began"
            st.markdown(f"{what} {long}.", width="stretch")
        if run.state == "failed" and run.error:
            say(run.error.text, run.error_next)
        timeline_view.show(run)
        if st.button("Run again with changes", type="primary", icon=":material/edit:", key="again"):
            state.go(chrome.OPTIMIZE, recipe=run.id)
