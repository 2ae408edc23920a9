"""The presets as buttons, each with what it does and its estimate."""

from functools import partial

import streamlit as st

from engine import FeatherweightError, Preset, Refusal, presets, resolve
from pages._ui import cards, chrome, fit, state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.wording import roughly


def choose() -> state.Action | None:
    """Draws the presets once model and data are chosen; the action of a press, which replaces the cards."""
    draft = state.draft()
    try:
        choices = presets(resolve(draft.baseline_recipe(), from_browser=True))
    except FeatherweightError:
        return None  # the plan beside it says what is missing
    action = None
    with chrome.card("presets", "Start from a preset"), st.grid(3, min_column_width=130, gap="small"):
        for preset in choices:
            with st.container(gap="xsmall"):
                if _preset(draft, preset):
                    action = partial(_apply, preset)
    return action


def _preset(draft: Draft, preset: Preset) -> bool:
    """Draws one preset; whether it was pressed."""
    is_current = draft.chains is None and not draft.alone and draft.steps == preset.steps
    pressed = st.button(
        preset.title,
        key=state.key(f"preset-{preset.name}"),
        disabled=preset.refused is not None,
        type="primary" if is_current else "secondary",
        icon=":material/check:" if is_current else None,
        width="stretch",
    )
    if preset.refused is not None:
        reason = fit.reason(Refusal(message=preset.refused.text, next=preset.next))
        st.caption(f":material/block: {reason}")
    elif preset.estimate is not None:
        st.caption(f"{told(preset.text)} **{roughly(preset.estimate.seconds).capitalize()}**, estimated.")
    return pressed


def _apply(preset: Preset) -> None:
    """Replaces the cards by those of the preset."""
    new = state.draft().replace(cards=cards.of_chain(preset.steps), alone=False, chains=None)
    state.replace_draft(new)
