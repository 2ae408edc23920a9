"""Ship: a bundle that runs a variant elsewhere and proves that it does, and what it found on other machines."""

import streamlit as st

from engine import report
from pages._ui import chrome, run_choice
from pages._ui.ship import bundle_view, cross_cpu_view, export_view, serving_view, verification_view

EMPTY = (
    "When a run has ended, its variants can be packed here: the ONNX file with its labels and preprocessing, programs "
    "that run it, and examples that prove on any machine that it answers as it did on this one."
)

chrome.ensure_app()
chrome.heading("Ship", "What is taken to another machine: files that run there, and prove there that they do.")
runs = run_choice.finished_runs()
if not runs:
    chrome.empty("Nothing to ship yet", EMPTY, ":material/package_2:")
    st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
chosen = report(run_choice.choose(runs, "ship-run")) if runs else None
if chosen is not None:
    bundle_view.show(chosen)
    export_view.show(chosen)
    serving_view.show(chosen)
    verification_view.show(chosen)
    cross_cpu_view.show(chosen)
