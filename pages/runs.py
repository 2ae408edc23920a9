"""Runs: the queue and the history as a table, and what the home folder occupies."""

import streamlit as st

from engine import list_jobs
from pages._ui import chrome, runs_view, state, storage_view
from pages._ui.live import ENDED

chrome.ensure_app()
if run := state.param("run"):
    state.go(chrome.RESULTS, run=run)
chrome.heading("Runs", "What every run came to. A run goes on when you close this page.")
jobs = list_jobs(limit=runs_view.MAX_RUNS)
if not jobs:
    chrome.empty(
        "Nothing has run yet",
        "A run measures the baseline and every variant, and ends in an answer. "
        "Start the sample to see one in about a minute.",
        ":material/hourglass_empty:",
    )
    st.page_link(chrome.START, label="To the sample", icon=":material/arrow_back:")
elif all(run.state in ENDED for run in jobs):
    runs_view.table(jobs)
else:
    runs_view.watch_table()
storage_view.show()
