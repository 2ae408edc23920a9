"""Many runs: as cards for the latest, as a table for all."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine import Job, ensure_supervisor, list_jobs
from pages._ui import chrome, picking, state
from pages._ui.guard import guarded
from pages._ui.live import ENDED, EVERY_SECONDS, badge
from pages._ui.wording import ago, duration, plain, when

STATES = ["queued", "running", "done", "failed", "cancelled"]
COLOURS = ["gray", "blue", "green", "red", "orange"]


def cards(latest: Sequence[Job]) -> None:
    """A card a run, with the way to its page or its results."""
    with st.grid(4, min_column_width=230, gap="small"):
        for run in latest:
            with chrome.card(f"run-{run.id}", fill=True):
                st.markdown(f"**{plain(run.name)}**")
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    badge(run)
                    st.caption(ago(run.created))
                page, label = (chrome.RESULTS, "Results") if run.state == "done" else (chrome.RUNS, "Open")
                st.page_link(page, label=label, icon=":material/arrow_forward:", query_params={"run": run.id})


def table(found: Sequence[Job]) -> None:
    """All runs; selecting one opens it."""
    rows = [(run.name, [run.state], run.fraction, when(run.created), duration(run.seconds)) for run in found]
    frame = pd.DataFrame(rows, columns=["name", "state", "done", "created", "took"])
    event = st.dataframe(
        frame, hide_index=True, on_select="rerun", selection_mode=picking.MODES, key="runs", alt="All runs",
        column_config={
            "name": st.column_config.TextColumn("Run", pinned=True, width="medium"),
            "state": st.column_config.MultiselectColumn("State", options=STATES, color=COLOURS),
            "done": st.column_config.ProgressColumn("Progress", format="percent", min_value=0, max_value=1),
            "created": st.column_config.DatetimeColumn("Started", format="distance"),
            "took": "Took",
        },
    )  # fmt: skip
    row = picking.picked(event, len(found))
    if row is not None:
        state.set_param("run", found[row].id)
        st.rerun()
    waiting = sum(run.state == "queued" for run in found)
    st.caption(f"Select a run to open it. {waiting} waiting." if waiting else "Select a run to open it.")


@st.fragment(run_every=2 * EVERY_SECONDS)
def watch_table(limit: int) -> None:
    """The table while something is going on; then the page is drawn again without this fragment."""
    with guarded():
        ensure_supervisor()  # as in live.watch
        found = list_jobs(limit=limit)
        table(found)
        if all(run.state in ENDED for run in found):
            st.rerun()
