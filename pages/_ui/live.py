"""Jobs as they go: a fragment that reads the store every second and stops when the job has ended."""

from collections.abc import Callable

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, cancel, ensure_supervisor, job
from engine.wording import percent
from pages._ui import state
from pages._ui.guard import guarded, say
from pages._ui.wording import COLOURS, ICONS, plain, sentence

ENDED = ("done", "failed", "cancelled")
EVERY_SECONDS = 1.0


def badge(found: Job) -> None:
    st.badge(found.state, icon=ICONS[found.state], color=COLOURS[found.state])  # type: ignore[arg-type]


def progress(found: Job) -> None:
    """One bar with what is being done, or the place in the queue."""
    if found.state == "queued":
        ahead = f", {found.position - 1} ahead" if found.position and found.position > 1 else ""
        st.progress(0.0, text=f"Waiting in the queue{ahead}")
        return
    doing = plain(sentence(found.message or found.phase or "starting").removesuffix("."))
    st.progress(min(max(found.fraction, 0.0), 1.0), text=f"{doing} · {percent(found.fraction)}")


@st.fragment(run_every=EVERY_SECONDS)
def watch(id: str, draw: Callable[[Job], None]) -> None:
    """Draws the job every second; when it has ended, the whole page is drawn again without this fragment."""
    with guarded():
        ensure_supervisor()  # app.py, which sees to it whenever a page is drawn, is not run for a fragment
        try:
            found = job(id)
        except NotFoundError:  # deleted elsewhere: the page says so
            st.rerun()
        draw(found)
        if found.state in ENDED:
            st.rerun()


def analysed(request: AnalysisRequest, waiting: str, way_out: Callable[[Job], None] | None = None) -> Job | None:
    """The ended job of an analysis, or None while it runs or where it failed; both are then said on the page."""
    found = state.analysis(request)
    if found.state == "done":
        return found
    if found.state not in ENDED:
        st.caption(waiting)
        watch(found.id, _with_cancel)
        return None
    _failed(found, request, way_out)
    return None


def _with_cancel(found: Job) -> None:
    progress(found)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{found.id}", type="tertiary"):
        cancel(found.id)


def _failed(found: Job, request: AnalysisRequest, way_out: Callable[[Job], None] | None) -> None:
    if found.state == "cancelled":
        st.caption("You stopped it before it was done.")
    elif found.error:
        say(found.error.text, found.error_next)
    with st.container(horizontal=True):
        if st.button("Try again", icon=":material/refresh:", key=f"again-{found.id}"):
            state.forget(request)
            st.rerun()
        if way_out:
            way_out(found)
