"""Data: the choice of the sample, one's own images or none, and their preview."""

import streamlit as st

from engine import SampleData
from pages._ui import chrome, images_view, preview_view, state

SOURCES = {"sample": "Sample", "images": "My images", "none": "No data"}

chrome.ensure_app()
chrome.heading("Data", "The images that calibrate, test and, where you ask for it, train the model.")
top = st.container()
draft = state.draft()
current = draft.data.kind if draft.data else ("none" if draft.synthetic else "sample")
source = st.segmented_control(
    "Source",
    list(SOURCES.values()),
    default=SOURCES[current],
    required=True,
    key="images",
    bind="query-params",
    label_visibility="collapsed",
)
if source == SOURCES["images"]:
    images_view.choose()
elif source == SOURCES["none"]:
    images_view.choose_none()
elif not isinstance(draft.data, SampleData):
    with chrome.card("digits", "Digits", "1,797 handwritten digits from scikit-learn, ten classes"):
        st.markdown("Real images, always there, with a fixed split: what the sample network was trained on.")
        if st.button("Use the sample", type="primary", icon=":material/check:"):
            state.choose(data=SampleData(), synthetic=False, split=type(draft.split)())
            st.rerun()

draft = state.draft()
if draft.data is not None and SOURCES[draft.data.kind] == source:
    preview_view.show(draft)
with top:
    chrome.stepper(state.draft(), chrome.DATA)
state.write_address()
