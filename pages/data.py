"""Data: the choice of a sample, one's own images or arrays, or none, and their preview."""

import streamlit as st

from pages._ui import arrays_view, chrome, detect_view, images_view, preview_view, samples_view, state

SOURCES = {"sample": "Sample", "images": "My images", "arrays": "My arrays", "none": "No data"}

chrome.ensure_app()
chrome.heading("Data", "What calibrates, tests and, where you ask for it, trains the model.")
top = st.container()
draft = state.draft()
profile = arrays_view.profile_of(draft)
takes_images = profile is None or profile.preprocess is not None
current = draft.data.kind if draft.data else ("none" if draft.synthetic else "sample")
kinds = ["sample", "images", "none"] if takes_images else ["arrays", "none"]
if current == "arrays" and takes_images:
    kinds.insert(2, "arrays")
source = st.segmented_control(
    "Source",
    [SOURCES[kind] for kind in kinds],
    default=SOURCES[current if current in kinds else kinds[0]],
    required=True,
    key="images",
    bind="query-params",
    label_visibility="collapsed",
)
if source == SOURCES["images"]:
    images_view.choose(profile)
elif source == SOURCES["arrays"]:
    arrays_view.choose(profile)
elif source == SOURCES["none"]:
    images_view.choose_none(takes_images=takes_images)
else:
    samples_view.choose(draft)

draft = state.draft()
if draft.data is not None and SOURCES[draft.data.kind] == source:
    preview_view.show(draft)
    detect_view.show(draft)
with top:
    chrome.stepper(state.draft(), chrome.DATA)
state.write_address()
