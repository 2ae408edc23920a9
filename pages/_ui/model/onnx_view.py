"""The choice of an ONNX classifier."""

import streamlit as st

from engine import FileModel
from pages._ui import forms, state, uploads_view

LABEL = (
    "An FP32 image classifier: one input of images, one output of class scores. Where its weights lie in files beside "
    "it (model.onnx.data), choose all of them together"
)


def choose() -> None:
    """Draws the uploader and the uploads of this home; writes the model into the draft at once."""
    upload = uploads_view.pick("onnx", LABEL, None)
    model = state.draft().model
    if upload is not None and not (isinstance(model, FileModel) and model.sha256 == upload.sha256):
        state.choose(model=FileModel(sha256=upload.sha256))
        st.rerun()
    if isinstance(model, FileModel):
        _choose_output(model)
    if upload is None and not isinstance(model, FileModel):
        st.caption("It is read in a process of its own. Without images you still get size, latency and agreement.")


def _choose_output(model: FileModel) -> None:
    """Draws the name of the output, which only a model with several needs; writes it into the draft."""
    chosen = forms.form(FileModel, f"file-{model.sha256}", model, only=("output",)).settings
    if chosen != model:
        state.choose(model=chosen)
        st.rerun()
