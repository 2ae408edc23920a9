"""What a run found: the recommendation, every variant beside the baseline, and the files to take home."""

import streamlit as st

from engine import job, list_jobs, report
from pages._ui import chrome, family_view, files_view, live, overview_view, provenance_view, race_view, runs_view, state
from pages._ui.live import ENDED
from pages._ui.wording import ago, duration, plain

VIEWS = {"Overview": overview_view.show, "Steps": family_view.show, "Race": race_view.show,
         "Take home": files_view.show, "How it was measured": provenance_view.show}  # fmt: skip

chrome.enter()
id = state.param("run")
found = report(id) if id else None
if id and found is not None:
    run = job(id)
    chrome.back_to_runs()
    chrome.heading(plain(run.name), f"Measured {ago(run.created)} in {duration(found.seconds)} on "
                   f"{plain(found.environment.cpu)}.")  # fmt: skip
    if run.state not in ENDED:
        st.info("This run is still going on: what it has measured so far.", icon=":material/progress_activity:")
    there = {"Race": bool(found.races), "Steps": len(found.main_variants) > 1}
    views = [name for name in VIEWS if there.get(name, True)]
    view = st.segmented_control("View", views, default=state.default("Overview"), required=True, key="view",
                                bind="query-params", label_visibility="collapsed")  # fmt: skip
    if view == "Race" and run.state not in ENDED:
        live.watch(id, lambda _: race_view.show(report(run.id) or found))
    else:
        VIEWS[view](found)
elif id:
    run = job(id)
    chrome.heading(plain(run.name), f"This run is {run.state} and has no report yet.")
    st.page_link(chrome.RUNS, label="Follow it", icon=":material/arrow_forward:", query_params={"run": id})
else:
    chrome.heading("Results", "Size, latency and accuracy of every variant beside its baseline.")
    done = [run for run in list_jobs() if run.state == "done"][:8]
    if done:
        st.subheader("Choose a run", anchor=False)
        runs_view.cards(done)
    else:
        chrome.empty("No results yet", "When a run has finished, its table, its charts and its ONNX files are here.",
                     ":material/query_stats:")  # fmt: skip
        st.page_link(chrome.START, label="Start with the sample", icon=":material/arrow_back:")
