"""The menu of techniques that can be added, with the reason where one cannot."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from engine import TECHNIQUES, ModelProfile, Step, best_position, title_of
from pages._ui import fit, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.optimize import cards_view, distill_view, methods_view, swap_view
from pages._ui.wording import plain

INITIAL_STEPS: Mapping[str, Callable[[Draft], Step]] = {
    "distill": distill_view.initial_step,
    "swap": swap_view.initial_step,
}
"""What a new card begins with, where that is not the defaults of its settings class."""


def show() -> state.Action | None:
    """Draws a button for each technique that can be added, and the reason for each other; the action of a press."""
    draft = state.draft()
    profile = fit.profile_of(draft)
    refusals: list[tuple[Step, str]] = []
    action = None
    with st.popover("Add a step", icon=":material/add:", key=state.key("add")):
        for technique in dict.fromkeys(settings.model_fields["technique"].default for settings in TECHNIQUES):
            step = INITIAL_STEPS[technique](draft) if technique in INITIAL_STEPS else methods_view.default(technique)
            reason = _reason(step, draft, profile)
            if reason:
                refusals.append((step, reason))
            elif _add_button(step):
                action = partial(cards_view.insert, step)
        for step, reason in refusals:
            title = methods_view.title(step.technique)
            st.caption(f":material/block: **{title}**: {reason}")
    return action


def _reason(step: Step, draft: Draft, profile: ModelProfile | None) -> str:
    """Why a step cannot be added where it would stand, as Markdown; empty where it can be."""
    position, reason = best_position(step, draft.steps, draft.chain_inputs, title_of)
    return told(reason) if reason else fit.misfit(step, draft.steps[:position], profile)


def _add_button(step: Step) -> bool:
    title = methods_view.title(step.technique)
    with st.container(gap="xxsmall"):
        pressed = st.button(title, icon=":material/add:", type="tertiary", key=state.key(f"add-{step.technique}"))
        st.caption(plain(cards_view.summary(step)))
    return pressed
