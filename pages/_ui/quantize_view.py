"""The choice of a method of quantization, and the form of that method's settings."""

import streamlit as st

from engine import Quantize, QuantizeAuto, QuantizeDynamic, QuantizeStatic, QuantizeWeights
from pages._ui import forms, state

METHODS: dict[str, tuple[str, Quantize, str]] = {
    "auto": (
        "Auto (recommended)",
        QuantizeAuto(),
        "A race on this machine and your images. The methods that suit the model are built, compared with FP32 on "
        "images held back for it, and timed against it; the winner is kept. FP32 stays where nothing within the "
        "budget is surely faster, or smaller and not slower where the goal is size.",
    ),
    "static": (
        "Static INT8",
        QuantizeStatic(method="static"),
        "Weights and activations in 8 bits, with ranges calibrated on images.",
    ),
    "dynamic": (
        "Dynamic INT8",
        QuantizeDynamic(method="dynamic"),
        "MatMul and Gemm in 8 bits, with ranges taken at every call: for transformers. Needs no images.",
    ),
    "weights": (
        "8-bit weights",
        QuantizeWeights(method="weights"),
        "Weights stored in 8 bits, arithmetic in float: for size, with close answers and seldom faster.",
    ),
}


def choose(current: Quantize) -> Quantize:
    """The method, what it does, and its settings; a method that is chosen anew begins with its defaults."""
    method = st.segmented_control("Method", list(METHODS), default=current.method, required=True,
                                  key=state.key("method"), format_func=lambda name: METHODS[name][0])  # fmt: skip
    _, default, text = METHODS[str(method)]
    st.caption(text)
    settings = current if current.method == method else default
    return forms.form(type(settings), f"quantize-{method}", settings)
