"""The presets as buttons, each with what it does and about how long that takes."""

from functools import partial

import streamlit as st

from engine import FeatherweightError, Preset, presets, resolve
from pages._ui import cards, chrome, state
from pages._ui.draft import Draft
from pages._ui.wording import plain, roughly, sentence


def choose() -> state.Act | None:
    """Draws the presets, once there is a model and data to make them for; what was pressed: one replaces the cards."""
    draft = state.draft()
    try:
        found = presets(resolve(draft.bare(), from_browser=True))
    except FeatherweightError:
        return None  # the plan beside it says what is missing
    act = None
    with chrome.card("presets", "Start from a preset"), st.grid(3, min_column_width=130, gap="small"):
        for preset in found:
            with st.container(gap="xsmall"):
                if _preset(draft, preset):
                    act = partial(_take, preset)
    return act


def _preset(draft: Draft, preset: Preset) -> bool:
    chosen = draft.chains is None and not draft.alone and draft.steps == preset.steps
    pressed = st.button(
        preset.title,
        key=state.key(f"preset-{preset.name}"),
        disabled=preset.refused is not None,
        type="primary" if chosen else "secondary",
        icon=":material/check:" if chosen else None,
        width="stretch",
    )
    if preset.refused is not None:
        st.caption(f":material/block: {plain(sentence(preset.refused.text))} {plain(sentence(preset.next))}")
    elif preset.estimate is not None:
        st.caption(f"{plain(preset.text)} **{roughly(preset.estimate.seconds).capitalize()}**, estimated.")
    return pressed


def _take(preset: Preset) -> None:
    """The cards of the preset."""
    new = state.draft().changed(cards=cards.of_chain(preset.steps), alone=False, chains=None)
    state.replace_draft(new)
