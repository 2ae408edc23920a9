"""The frame of every page: its style, its heading, its cards and what an empty page teaches."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from engine.charts import alt_text
from pages._ui import readiness, state
from pages._ui.draft import Draft, data_name, model_name
from pages._ui.wording import plain

HERE = Path(__file__).parent
APP = HERE.parents[1] / "app.py"
START, MODEL, DATA = "pages/start.py", "pages/model.py", "pages/data.py"
OPTIMIZE, RUNS, RESULTS = "pages/optimize.py", "pages/runs.py", "pages/results.py"
SOURCES = {"sample": "Sample", "timm": "Catalogue", "file": "ONNX file"}
"""What the Model page calls each kind of model."""
TICKS = {"good": ":material/check_circle:", "refused": ":material/error:"}


def enter() -> None:
    """The first line of every page: makes sure that `app.py` is around it.

    Streamlit takes a folder named `pages` for its old way of finding pages until `st.navigation` has run in the
    process. The first visit after a start, if it comes by a page's own address, then begins with the bare page:
    `app.py` runs in its place, and runs the page within its frame.
    """
    if PagesManager.uses_pages_directory:
        runpy.run_path(str(APP))
        st.stop()


def follow() -> None:
    """To the run that this page's address names, if it names one.

    A double click draws a page again while its first press still submits; Streamlit may drop the second press and the
    switch of the first, and what is left of both is the run in the address.
    """
    run = state.param("run")
    if run:
        state.go(RESULTS, run=run)


def frame() -> None:
    """Logo and style, once a run of the app."""
    st.logo(str(HERE / "logo.svg"), size="large")
    st.html(HERE / "style.css")


def heading(title: str, text: str) -> None:
    """A page's title with one sentence under it, and whatever the page before left to say."""
    st.title(title, anchor=False)
    st.markdown(text)
    notices()


def notices() -> None:
    """What the page before left to say."""
    notice = state.notice()
    if notice:
        st.toast(plain(notice), icon=":material/check:")


@contextmanager
def card(name: str, title: str = "", text: str = "", *, accent: bool = False, fill: bool = False) -> Iterator[None]:
    """A bordered surface; names are unique on a page."""
    key = f"card-{'accent-' if accent else ''}{name}"
    with st.container(border=True, key=key, height="stretch" if fill else "content"):
        if title:
            with st.container(gap="xsmall"):
                st.subheader(title, anchor=False)
                if text:
                    st.caption(text)
        yield


def way(draft: Draft, here: str) -> None:
    """The three choices before a run, as the way through the pages."""
    chains = "as opened" if draft.chains else " + ".join(s.title for s in draft.steps) or "baseline only"
    stops = (
        (MODEL, "1  Model", model_name(draft.model), readiness.model(draft)),
        (DATA, "2  Data", data_name(draft), readiness.data(draft)),
        (OPTIMIZE, "3  Optimize", chains, "none"),
    )
    with st.container(horizontal=True, key="way", gap="medium"):
        for page, title, choice, look in stops:
            icon = TICKS.get(look, ":material/radio_button_unchecked:")
            shown = f"**{title}**" if page == here else title
            st.page_link(page, label=f"{shown} · {plain(choice)}", icon=icon)


def empty(title: str, text: str, icon: str) -> None:
    """What belongs here, and how it gets here; the caller adds the way out below."""
    with st.container(border=True, key=f"card-empty-{title.lower().replace(' ', '-')}"):
        st.subheader(title, icon=icon, anchor=False)
        st.markdown(text)


def chart(figure: go.Figure, key: str) -> None:
    """A figure with its texts in the page's colour (style.css), and its words for whoever cannot see it."""
    st.plotly_chart(figure, key=key, alt=alt_text(figure), config={"displayModeBar": False, "responsive": True})


def facts(pairs: dict[str, str]) -> None:
    """Figures side by side, two a row on a phone."""
    with st.grid(min(len(pairs), 5), min_column_width=130, gap="small"):
        for label, value in pairs.items():
            st.metric(label, value)
