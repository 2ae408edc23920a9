"""The form of a quantization: its method with a text on it, and that method's settings."""

import streamlit as st

from engine import Quantize
from pages._ui import forms
from pages._ui.draft import Draft
from pages._ui.forms import FormResult
from pages._ui.optimize import methods_view

LABELS = {"auto": "Auto (recommended)"}
TEXTS = {
    "auto": "A race on this machine and your images. The methods that suit the model are built, compared with FP32 on "
    "images that report nothing, and timed against it; the winner is kept. FP32 stays where nothing that keeps the "
    "budget there is surely faster, or smaller and not slower where the goal is size. Where an INT8 file is fast and "
    "loses too much, the race may train: it learns the rounding, then the weights, from FP32's answers.",
    "static": "Weights and activations in 8 bits, with ranges calibrated on images.",
    "dynamic": "MatMul and Gemm in 8 bits, with ranges taken at every call: for transformers. Needs no images.",
    "weights": "Weights stored in 8 bits, arithmetic in float: for size, with close answers and seldom faster.",
}
ON_A_CARD = (
    "A race on the card and your images: the file in 16-bit floats is compared with FP32 on images that report "
    "nothing, and timed against it; the winner is kept. Nothing is quantized, since onnxruntime computes quantized "
    "files slower than FP32 there."
)
"""The text on `auto` at a target on a card."""


def settings(current: Quantize, draft: Draft, name: str) -> FormResult[Quantize]:
    """Draws the method, what it does, and its form; the settings. A new method begins with its defaults."""
    step = methods_view.choose(current, name, LABELS)
    st.caption(ON_A_CARD if step.method == "auto" and draft.target.on_cuda else TEXTS[step.method])
    return forms.form(type(step), f"{name}-{step.method}", step)
