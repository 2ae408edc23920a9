"""The menu of a run: run again, measure again, rename, log, delete."""

import streamlit as st

from engine import Job, delete, events, log, rename
from pages._ui import chrome, state
from pages._ui.guard import guarded
from pages._ui.live import ENDED
from pages._ui.results import remeasure_view
from pages._ui.wording import plain

AGAIN, MEASURE, COMPARE = "Run again with changes", "Measure again", "Compare with other runs"
RACE = "Watch them race"
RENAME, LOG, DELETE = "Rename", "Log", "Delete"
LOG_LINES = 200


def show(run: Job, *, is_measured: bool) -> None:
    """Draws the menu and the dialog that was chosen from it; `is_measured`: there are latencies to measure again."""
    ended = run.state in ENDED
    options = [
        AGAIN,
        *([MEASURE] if ended and is_measured else []),
        *([COMPARE] if ended else []),
        *([RACE] if run.state == "done" else []),
        RENAME,
        LOG,
        *([DELETE] if ended else []),
    ]
    match st.menu_button("More", options, icon=":material/more_horiz:", type="tertiary", key="run-menu"):
        case "Run again with changes":
            state.go(chrome.OPTIMIZE, recipe=run.id)
        case "Measure again":
            remeasure_view.start(run.id)
        case "Compare with other runs":
            state.go(chrome.COMPARE, runs=run.id)
        case "Watch them race":
            state.go(chrome.RACE, run=run.id)
        case "Rename":
            _rename(run)
        case "Log":
            _log(run)
        case "Delete":
            _delete(run)


@st.dialog("Rename this run")
def _rename(run: Job) -> None:
    with guarded():
        name = st.text_input("Name", value=run.name, max_chars=120)
        if st.button("Rename", type="primary", key="rename-yes", disabled=not (name or "").strip()):
            rename(run.id, (name or "").strip())
            st.rerun()


@st.dialog("Delete this run?")
def _delete(run: Job) -> None:
    with guarded():
        st.markdown(f"**{plain(run.name)}** with its report and its ONNX files. This cannot be undone.")
        if st.button("Delete it", type="primary", icon=":material/delete:", key="delete-yes"):
            delete(run.id)
            state.set_last_run(None)
            state.set_notice(f"Deleted {run.name}")
            state.go(chrome.RUNS)


@st.dialog("Log", width="large")
def _log(run: Job) -> None:
    """Draws the newest lines of events and log, the last on top."""
    with guarded():
        lines = [f"{event.time}  {event.step:<12} {event.phase:<14} {event.message}" for event in events(run.id)]
        lines += log(run.id).splitlines()
        if len(lines) > LOG_LINES:
            st.caption(f"The last {LOG_LINES} of {len(lines):,} lines")
        newest = reversed(lines[-LOG_LINES:])
        st.code("\n".join(newest) or "Nothing yet.", language=None)
