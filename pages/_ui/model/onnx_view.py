"""The choice of an ONNX classifier."""

import streamlit as st

from engine import FileModel
from pages._ui import state, uploads_view

LABEL = (
    "An ONNX model, such as an image classifier, a segmenter, a detector or one of several inputs. Where its weights "
    "lie in files beside it (model.onnx.data), choose all of them together"
)


def choose() -> None:
    """Draws the uploader and the uploads of this home; writes the model into the draft at once."""
    upload = uploads_view.pick("onnx", LABEL, None)
    model = state.draft().model
    if upload is not None and not (isinstance(model, FileModel) and model.sha256 == upload.sha256):
        state.choose(model=FileModel(sha256=upload.sha256))
        st.rerun()
    if upload is None and not isinstance(model, FileModel):
        st.caption("It is read in a process of its own. Without images you still get size, latency and agreement.")
