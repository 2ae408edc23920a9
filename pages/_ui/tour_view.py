"""The tour of the sample: a strip on top of each page that says what is seen there and what to press next."""

from dataclasses import dataclass

import streamlit as st

from engine import NotFoundError, job
from pages._ui import chrome, draft, state
from pages._ui.guard import callback
from pages._ui.live import ENDED


@dataclass(frozen=True)
class Stop:
    """What the strip says at one place, and how its button leads on.

    `target` is the key of the container whose button is to be pressed instead, which is then outlined. `page` is where
    the strip's own button leads, and `view` the view of the results that it turns to.
    """

    text: str
    next: str = ""
    page: str = ""
    view: str = ""
    target: str = ""


STOPS = {
    "model": Stop(
        "**This is the model**: a small network that reads handwritten digits, with its layers, its size and its cost. "
        "Yours can be any of 1,300 by name, or an ONNX file.",
        "On to its images",
        page=chrome.DATA,
    ),
    "data": Stop(
        "**These are its images**, as the model sees them. Some teach, some calibrate, and some were kept aside: these "
        "alone report, so that no figure flatters.",
        "On to what is tried",
        page=chrome.OPTIMIZE,
    ),
    "optimize": Stop(
        "**Each card is a way to make it smaller and faster**; here, INT8 numbers. Beside it you read what will happen "
        "and how long it takes. Now press **Run**, which is outlined.",
        target="run-bar",
    ),
    "run": Stop(
        "**It runs**, in a process of its own: leave the page and it goes on. Each line below is a part; the ways "
        "to INT8 race each other. When it has ended, the answer stands here."
    ),
    "answer": Stop(
        "**This is the answer**, in two sentences: how much faster and smaller, what it costs, and how sure that is. "
        "The charts below are the evidence.",
        "On to the file",
        view="Take home",
    ),
    "file": Stop(
        "**Take it home**: press **Download**, which is outlined. The code beneath it runs the file anywhere. The "
        "report below is for people who were not here. That was all; now bring a model of your own.",
        target="card-file",
    ),
}
"""In their order, by the place."""


def start() -> None:
    """Begins the tour with the sample as the draft."""
    state.replace_draft(draft.sample())
    state.begin_tour()
    state.go(chrome.MODEL)


def show(page: str) -> None:
    """Draws the strip where the tour is on; `page` is the path of the address, empty for Start."""
    if not state.tour():
        return
    place = _place(page)
    stop = STOPS.get(place) or Stop("**You have left the way of the tour.** Look around; it waits for you.")
    with st.container(key="tour", border=True, horizontal=True, vertical_alignment="center", gap="small"):
        number = f"Tour · {list(STOPS).index(place) + 1} of {len(STOPS)} · " if place in STOPS else ""
        st.markdown(f"{number}{stop.text}", width="stretch")
        _next_button(place, stop)
        st.button("Leave the tour", type="tertiary", icon=":material/close:", key="tour-leave", on_click=_leave)
    if stop.target:
        st.html(f"<style>.st-key-{stop.target} button {{ outline: 3px solid #12857A; outline-offset: 3px; }}</style>")


def _place(page: str) -> str:
    """The name of the stop that this page is at now, or of no stop."""
    if page != "results":
        return page
    run = state.param("run") or state.last_run()
    try:
        has_ended = run is not None and job(run).state in ENDED
    except NotFoundError:
        return ""
    if not has_ended:
        return "run" if run is not None else ""
    view = state.value("view") or state.param("view") or "Overview"
    return {"Overview": "answer", "Take home": "file"}.get(view, "")


def _next_button(place: str, stop: Stop) -> None:
    if stop.view:
        st.button(
            stop.next,
            type="primary",
            icon=":material/arrow_forward:",
            key="tour-next",
            on_click=state.set_widget,
            args=("view", stop.view),
        )
    elif stop.page:
        if st.button(stop.next, type="primary", icon=":material/arrow_forward:", key="tour-next"):
            state.go(stop.page)
    elif place not in STOPS and st.button("Back to the tour", icon=":material/arrow_back:", key="tour-back"):
        run = state.last_run()
        if run is not None:
            state.go(chrome.RESULTS, run=run)
        state.go(chrome.MODEL)


@callback
def _leave() -> None:
    state.end_tour()
