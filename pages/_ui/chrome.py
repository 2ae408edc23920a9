"""What every page is drawn with: logo and style, headings, cards, charts, the stepper and the empty state."""

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
OPTIMIZE, RUNS, RESULTS, COMPARE = "pages/optimize.py", "pages/runs.py", "pages/results.py", "pages/compare.py"
MACHINE, SHIP = "pages/machine.py", "pages/ship.py"
SOURCES = {"sample": "Sample", "timm": "Catalogue", "file": "ONNX file"}
"""What the Model page calls each kind of model."""
STATUS_ICONS = {"good": ":material/check_circle:", "refused": ":material/error:"}


def ensure_app() -> None:
    """Makes sure that the page runs inside `app.py`; the first line of every page.

    Until `st.navigation` has run in the process, Streamlit finds pages by the folder named `pages`. If the first visit
    after a start comes by a page's own address, Streamlit runs the bare page. Then `app.py` is run here instead, and
    runs the page within its frame.
    """
    if PagesManager.uses_pages_directory:
        runpy.run_path(str(APP), run_name="__main__")
        st.stop()


def go_to_submitted_run() -> None:
    """Switches to the run that this page's address names, if it names one.

    A double click draws a page again while its first press still submits. Streamlit may then drop the second press and
    the page switch of the first, and only the run in the address is left.
    """
    run = state.param("run")
    if run:
        state.go(RESULTS, run=run)


def frame() -> None:
    """Draws logo and style, once per run of the app."""
    st.logo(str(HERE / "logo.svg"), size="large")
    st.html(HERE / "style.css")


def heading(title: str, text: str) -> None:
    """Draws a page's title with one sentence under it, and the notice of the page before."""
    st.title(title, anchor=False)
    st.markdown(text)
    notices()


def notices() -> None:
    """Shows the notice that the page before has set, once."""
    notice = state.pop_notice()
    if notice:
        st.toast(plain(notice), icon=":material/check:")


@contextmanager
def card(name: str, title: str = "", text: str = "", *, accent: bool = False, fill: bool = False) -> Iterator[None]:
    """A bordered container with an optional title; its name is unique on a page."""
    key = f"card-{'accent-' if accent else ''}{name}"
    with st.container(border=True, key=key, height="stretch" if fill else "content"):
        if title:
            with st.container(gap="xsmall"):
                st.subheader(title, anchor=False)
                if text:
                    st.caption(text)
        yield


def stepper(draft: Draft, current_page: str) -> None:
    """Draws the three choices before a run as links to their pages, with what is chosen on each."""
    chains = "as opened" if draft.chains else " + ".join(s.title for s in draft.steps) or "baseline only"
    links = (
        (MODEL, "1  Model", model_name(draft.model), readiness.model(draft)),
        (DATA, "2  Data", data_name(draft), readiness.data(draft)),
        (OPTIMIZE, "3  Optimize", chains, "none"),
    )
    with st.container(horizontal=True, key="way", gap="medium"):
        for page, title, choice, status in links:
            icon = STATUS_ICONS.get(status, ":material/radio_button_unchecked:")
            label = f"**{title}**" if page == current_page else title
            st.page_link(page, label=f"{label} · {plain(choice)}", icon=icon)


def empty(title: str, text: str, icon: str) -> None:
    """Draws an empty state: what belongs here and how it gets here. The caller adds a link to the next page below."""
    with st.container(border=True, key=f"card-empty-{title.lower().replace(' ', '-')}"):
        st.subheader(title, icon=icon, anchor=False)
        st.markdown(text)


def chart(figure: go.Figure, key: str) -> None:
    """Draws a figure with its texts in the page's colour (style.css), and its alternative text."""
    st.plotly_chart(figure, key=key, alt=alt_text(figure), config={"displayModeBar": False, "responsive": True})


def metrics(values: dict[str, str]) -> None:
    """Draws metrics side by side, two a row on a phone."""
    with st.grid(min(len(values), 5), min_column_width=130, gap="small"):
        for label, value in values.items():
            st.metric(label, value)
