"""Results: one run, its progress while it runs and its report when it has ended."""

import streamlit as st

from pages._ui import chrome
from pages._ui.results import run_view

chrome.ensure_app()
run_id = run_view.current_run()
if run_id is not None:
    run_view.show(run_id)
else:
    chrome.heading(
        "Results", "What a run found: the file to take, how much faster and smaller it is, and what it costs."
    )
    chrome.empty(
        "No results yet",
        "When a run has finished, its answer, its charts and its ONNX files are here.",
        ":material/query_stats:",
    )
    st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
