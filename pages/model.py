"""Model: the choice of the sample, a timm architecture or an ONNX file, and its profile."""

import streamlit as st

from engine import SampleModel
from pages._ui import chrome, readiness, state
from pages._ui.chrome import SOURCES
from pages._ui.model import advice_view, catalogue_view, onnx_view, profile_view

chrome.ensure_app()
chrome.heading("Model", "The network that is to become small and fast.")
top = st.container()
current = state.draft().model
source = st.segmented_control(
    "Source",
    list(SOURCES.values()),
    default=state.default(SOURCES[current.kind if current else "sample"]),
    required=True,
    key="source",
    bind="query-params",
    label_visibility="collapsed",
)
if source == SOURCES["timm"]:
    catalogue_view.choose()
elif source == SOURCES["file"]:
    onnx_view.choose()
elif not isinstance(current, SampleModel):
    with chrome.card("digits", "Digits network", "A small ResNet, trained on handwritten digits by this project"):
        st.markdown("It is here, it is small, and its accuracy is known: the quickest way to see a whole run.")
        if st.button("Use the sample", type="primary", icon=":material/check:"):
            state.choose(model=SampleModel())
            st.rerun()

model = state.draft().model
if model is not None and SOURCES[model.kind] == source:
    profile_view.show(model)
    if readiness.model(state.draft()) == "good":
        advice_view.show(state.draft())
with top:
    chrome.stepper(state.draft(), chrome.MODEL)
state.write_address()
