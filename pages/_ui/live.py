"""Jobs that are running: a fragment that reads the store every second and stops when the job has ended."""

from collections.abc import Callable

import streamlit as st

from engine import AnalysisRequest, Job, NotFoundError, cancel, ensure_supervisor, job
from engine.wording import percent
from pages._ui import state
from pages._ui.browser_terms import in_browser_terms
from pages._ui.guard import guarded, show_error
from pages._ui.wording import COLOURS, ICONS, plain, sentence

ENDED = ("done", "failed", "cancelled")
EVERY_SECONDS = 1.0


def badge(current: Job) -> None:
    """Draws the state of a job in its colour."""
    st.badge(current.state, icon=ICONS[current.state], color=COLOURS[current.state])  # type: ignore[arg-type]


def progress(current: Job) -> None:
    """Draws one bar with what is being done, or with the position in the queue."""
    if current.state == "queued":
        ahead = f", {current.position - 1} ahead" if current.position and current.position > 1 else ""
        st.progress(0.0, text=f"Waiting in the queue{ahead}")
        return
    activity = plain(sentence(in_browser_terms(current.message or current.phase or "starting")).removesuffix("."))
    st.progress(min(max(current.fraction, 0.0), 1.0), text=f"{activity} · {percent(current.fraction)}")


@st.fragment(run_every=EVERY_SECONDS)
def watch(id: str, draw: Callable[[Job], None]) -> None:
    """Draws the job every second. When it has ended, the whole page is drawn again without this fragment."""
    with guarded():
        ensure_supervisor()  # app.py ensures it with every page, but is not run for a fragment
        try:
            current = job(id)
        except NotFoundError:  # deleted elsewhere: the page says so
            st.rerun()
        draw(current)
        if current.state in ENDED:
            st.rerun()


def follow_analysis(
    request: AnalysisRequest, caption: str, draw_alternative: Callable[[Job], None] | None = None
) -> Job | None:
    """The job of an analysis once it is done; starts it where it is new.

    While it runs its progress is drawn, and where it failed its error and what to do next; both return None.
    """
    current = state.analysis(request)
    if current.state == "done":
        return current
    if current.state not in ENDED:
        st.caption(caption)
        watch(current.id, with_cancel)
        return None
    _failed(current, request, draw_alternative)
    return None


def with_cancel(current: Job) -> None:
    """Draws the progress of a job and the button that stops it."""
    progress(current)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{current.id}", type="tertiary"):
        cancel(current.id)


def _failed(current: Job, request: AnalysisRequest, draw_alternative: Callable[[Job], None] | None) -> None:
    if current.state == "cancelled":
        st.caption("You stopped it before it was done.")
    elif current.error:
        show_error(current.error.text, current.error_next)
    with st.container(horizontal=True):
        if st.button("Try again", icon=":material/refresh:", key=f"again-{current.id}"):
            state.forget(request)
            st.rerun()
        if draw_alternative:
            draw_alternative(current)
