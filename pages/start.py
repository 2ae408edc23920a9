"""Start: what this is, a sample that is ready to run, the latest runs, and links to begin with one's own."""

import streamlit as st

from engine import list_jobs, submit
from pages._ui import chrome, draft, intro_view, runs_view, state, tour_view

LATEST = 4

chrome.ensure_app()
left, right = st.columns([1.15, 1], gap="large", vertical_alignment="center")
with left, st.container(key="hero"):
    st.title("Smaller, faster image models, with proof.", anchor=False)
    st.markdown(
        "Pick a model, pick images, press **Run**. Baseline and variants are measured side by side on this machine, "
        "and you take home an ONNX file with its size, latency and accuracy. No code."
    )

with right, chrome.card("sample", "Digits", "The sample project, ready to run", accent=True):
    st.markdown(
        "A small ResNet, trained on scikit-learn's 1,797 handwritten digits. The ways to make it **INT8** race each "
        "other and FP32 on this machine; the winner is checked on images it has never seen. If nothing is faster, "
        "FP32 stays, and you read why."
    )
    with st.container(horizontal=True):
        pressed = st.button("Run the sample", type="primary", icon=":material/play_arrow:")
        if st.button("Look at it first", type="tertiary", icon=":material/tune:"):
            state.replace_draft(draft.sample())
            state.go(chrome.OPTIMIZE)
        if st.button("Two-minute tour", type="tertiary", icon=":material/tour:"):
            tour_view.start()
    token = state.token(pressed)
    if pressed:
        run = submit(draft.sample().recipe(), token=token, from_browser=True)
        state.go(chrome.RESULTS, run=run.id)
    chrome.go_to_submitted_run()

st.space("small")
intro_view.show()

latest = list_jobs(limit=LATEST)
if latest:
    st.space("medium")
    st.header("Latest answers", anchor=False)
    runs_view.latest_answers(latest)

st.space("medium")
st.header("Or bring your own", anchor=False)
with st.grid(3, min_column_width=240, gap="medium"):
    with chrome.card("timm", "A timm architecture", "Over 1,300 by name", fill=True):
        st.markdown("Search by family, size and cost; with pretrained weights, or your own.")
        st.page_link(
            chrome.MODEL, label="Search the catalogue", icon=":material/search:", query_params={"source": "Catalogue"}
        )
    with chrome.card("onnx", "An ONNX file", "A classifier, segmenter, detector and others", fill=True):
        st.markdown("Size, latency and agreement with the original, even without any images.")
        st.page_link(
            chrome.MODEL, label="Upload a model", icon=":material/upload_file:", query_params={"source": "ONNX file"}
        )
    with chrome.card("recipe", "A recipe", "A run as a file", fill=True):
        st.markdown("Open one that somebody saved, change what you like, run it here.")
        st.page_link(
            chrome.OPTIMIZE, label="Open a recipe", icon=":material/description:", query_params={"open": "recipe"}
        )
