"""The choices of a run: techniques, target, budget, goal. Every form is drawn from its settings class."""

from typing import get_args

import streamlit as st

from engine import Budget, FileModel, Finetune, Goal, ImagesData, QuantizeStatic, Target, cores
from pages._ui import chrome, forms, state
from pages._ui.draft import Draft
from pages._ui.wording import plain

GOALS = {"latency": "Latency", "size": "File size", "throughput": "Throughput"}
TARGET = ("threads", "batch_size")


def choose() -> None:
    """Draws every choice and writes it into the draft."""
    if state.draft().chains is None:
        _finetune(state.draft())
        _quantize(state.draft())
    else:
        _opened(state.draft())
    with chrome.card("target", "Target and goal", "Every latency is measured at these threads and this batch size"):
        goal = st.segmented_control("Goal", list(get_args(Goal)), default=state.draft().goal,
                                    required=True, format_func=GOALS.__getitem__, key=state.key("goal"))  # fmt: skip
        target = forms.form(Target, "target", state.draft().target, only=TARGET, limits={"threads": cores()})
        st.caption(f"onnxruntime on the CPU; this machine lets it use {cores()} threads.")
    with chrome.card("budget", "Budget", "A variant outside it is never recommended"):
        budget = forms.form(Budget, "budget", state.draft().budget)
    state.choose(goal=goal, target=target, budget=budget)


def _finetune(draft: Draft) -> None:
    reason = _why_no_training(draft)
    with chrome.card("finetune"):
        wanted = _switch("Fine-tune", "Train the model on your images first; the result becomes the baseline.",
                         draft.finetune is not None and not reason, "finetune", reason)  # fmt: skip
        settings = forms.form(Finetune, "finetune", draft.finetune or Finetune()) if wanted else None
    state.choose(finetune=settings)


def _quantize(draft: Draft) -> None:
    default = QuantizeStatic(method="static")
    with chrome.card("quantize"):
        wanted = _switch("Static INT8 quantization", "Weights and activations in 8 bits, with ranges calibrated on "
                         "images: about a quarter of the size, and faster where the CPU has the instructions.",
                         draft.quantize is not None, "quantize")  # fmt: skip
        settings = forms.form(QuantizeStatic, "quantize", draft.quantize or default) if wanted else None
    state.choose(quantize=settings)


def _switch(title: str, text: str, value: bool, name: str, reason: str = "") -> bool:
    wanted = st.toggle(f"**{title}**", value=value, key=state.key(f"use-{name}"), disabled=bool(reason))
    st.caption(reason or text)
    return wanted and not reason


def _why_no_training(draft: Draft) -> str:
    """Why fine-tuning is not on offer, or nothing."""
    if isinstance(draft.model, FileModel):
        return "Not for an ONNX file: training needs the torch model. Choose a timm model to fine-tune."
    if draft.synthetic or (isinstance(draft.data, ImagesData) and not draft.data.labelled):
        return "Needs labelled images; choose some on the Data page."
    return ""


def _opened(draft: Draft) -> None:
    """A recipe that says more than the two toggles can."""
    with chrome.card("chains", "Steps as the recipe has them"):
        for number, chain in enumerate(draft.chains or (), start=1):
            st.markdown(f"{number}. " + (plain(" → ".join(step.title for step in chain)) or "baseline only"))
        if st.button("Use the toggles instead", icon=":material/toggle_on:", type="tertiary"):
            state.replace_draft(draft.changed(chains=None, quantize=QuantizeStatic(method="static")))
            st.rerun()
