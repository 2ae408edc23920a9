"""The choices of a run: techniques, target, budget, goal. Every form is drawn from its settings class."""

from typing import get_args

import streamlit as st

from engine import Budget, FileModel, Finetune, Float16, Goal, ImagesData, QuantizeAuto, Simplify, Target, cores
from pages._ui import chrome, distill_view, forms, quantize_view, state
from pages._ui.draft import Draft
from pages._ui.wording import plain

GOALS = {"latency": "Latency", "size": "File size", "throughput": "Throughput"}
TARGET = ("threads", "batch_size")


def choose() -> None:
    """Draws every choice and writes it into the draft."""
    if state.draft().chains is None:
        _finetune(state.draft())
        distill_view.choose(state.draft())
        _simplify(state.draft())
        _quantize(state.draft())
        _float16(state.draft())
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
        wanted = chrome.switch("Fine-tune", "Train the model on your images first; the result becomes the baseline.",
                         draft.finetune is not None and not reason, "finetune", reason)  # fmt: skip
        settings = forms.form(Finetune, "finetune", draft.finetune or Finetune()) if wanted else None
    state.choose(finetune=settings)


def _simplify(draft: Draft) -> None:
    with chrome.card("simplify"):
        wanted = chrome.switch("Simplify", "The same answers from fewer operators: constants folded, operators fused, "
                         "no-ops removed. A variant of its own; a race does this by itself.",
                         draft.simplify is not None, "simplify")  # fmt: skip
        settings = forms.form(Simplify, "simplify", draft.simplify or Simplify()) if wanted else None
    state.choose(simplify=settings)


def _quantize(draft: Draft) -> None:
    reason = "" if draft.float16 is None or draft.quantize else _exclude("Float16")
    with chrome.card("quantize"):
        wanted = chrome.switch("Quantize", "Weights, and mostly activations too, in 8 bits: about a quarter of the "
                               "size, and faster where model and CPU go together, which is measured here.",
                         draft.quantize is not None, "quantize", reason)  # fmt: skip
        settings = quantize_view.choose(draft.quantize or QuantizeAuto()) if wanted else None
    state.choose(quantize=settings)


def _float16(draft: Draft) -> None:
    reason = _exclude("Quantize") if draft.quantize else ""
    with chrome.card("float16"):
        wanted = chrome.switch("Float16", "Weights and arithmetic in 16-bit floats: half the size, for GPUs. Most CPUs "
                         "compute it in 32 bits and are slower; the report says so.",
                         draft.float16 is not None and not reason, "float16", reason)  # fmt: skip
        settings = forms.form(Float16, "float16", draft.float16 or Float16()) if wanted else None
    state.choose(float16=settings)
    if (settings is None) != (draft.float16 is None):
        st.rerun()  # what excludes it, or is excluded by it, stands above and was drawn before this was known


def _exclude(other: str) -> str:
    return (
        f"INT8 and Float16 exclude each other: a weight is stored in 8 bits or in 16. Turn {other} off to choose this."
    )


def _why_no_training(draft: Draft) -> str:
    """Why fine-tuning is not on offer, or nothing."""
    if isinstance(draft.model, FileModel):
        return "Not for an ONNX file: training needs the torch model. Choose a timm model to fine-tune."
    if draft.synthetic or (isinstance(draft.data, ImagesData) and not draft.data.labelled):
        return "Needs labelled images; choose some on the Data page."
    return ""


def _opened(draft: Draft) -> None:
    """A recipe that says more than the cards can."""
    with chrome.card("chains", "Steps as the recipe has them"):
        for number, chain in enumerate(draft.chains or (), start=1):
            st.markdown(f"{number}. " + (plain(" → ".join(step.title for step in chain)) or "baseline only"))
        if st.button("Use the cards instead", icon=":material/toggle_on:", type="tertiary"):
            state.replace_draft(draft.changed(chains=None, quantize=QuantizeAuto()))
            st.rerun()
