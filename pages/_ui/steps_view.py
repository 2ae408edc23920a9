"""The choices of a run: steps, target, budget, goal. Every form is drawn from its settings class."""

from typing import get_args

import streamlit as st

from engine import Budget, Goal, Target, cores
from pages._ui import cards_view, chrome, forms, presets_view, state
from pages._ui.draft import Draft
from pages._ui.wording import plain

GOALS = {"latency": "Latency", "size": "File size", "throughput": "Throughput"}
TARGET = ("threads", "batch_size")


def choose() -> bool:
    """Draws every choice and writes it into the draft. False where the settings of a step are refused."""
    sound = True
    presets_view.choose()
    if state.draft().chains is None:
        sound = cards_view.choose()
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
    return sound


def _opened(draft: Draft) -> None:
    """A recipe that says more than the cards can."""
    with chrome.card("chains", "Steps as the recipe has them"):
        for number, chain in enumerate(draft.chains or (), start=1):
            st.markdown(f"{number}. " + (plain(" → ".join(step.title for step in chain)) or "baseline only"))
        if st.button("Use the cards instead", icon=":material/toggle_on:", type="tertiary"):
            state.replace_draft(draft.changed(chains=None))
            st.rerun()
