"""The finished run whose variants are shipped. The address holds it."""

import streamlit as st

from engine import Report, list_jobs, report
from pages._ui import chrome, state
from pages._ui.wording import ago, plain

MOST_RUNS = 50
PARAM = "run"


def choose() -> Report | None:
    """Draws the choice, the newest finished run first; where there is none, what belongs here."""
    runs = {
        run.id: f"{run.name} · {ago(run.created)} · {run.id[:6]}"
        for run in list_jobs("run", MOST_RUNS)
        if run.state == "done"
    }
    if not runs:
        chrome.empty(
            "Nothing to ship yet",
            "When a run has ended, its variants can be packed here: the ONNX file with its labels and preprocessing, "
            "programs that run it, and examples that prove on any machine that it answers as it did on this one.",
            ":material/package_2:",
        )
        st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
        return None
    asked = state.param(PARAM)
    if asked is not None and asked not in runs:
        st.warning(
            f"There is no finished run '{plain(asked)}' here: choose another one below.", icon=":material/link_off:"
        )
    chosen = st.selectbox(
        "Run",
        list(runs),
        index=list(runs).index(asked) if asked in runs else 0,
        format_func=lambda id: runs.get(id, id),
        key="ship-run",
        width=420,
    )
    state.set_param(PARAM, chosen)
    return report(chosen)
