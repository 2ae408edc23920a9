"""The presets as buttons, each with what it does and about how long that takes."""

import streamlit as st

from engine import FeatherweightError, Preset, presets, resolve
from pages._ui import cards, chrome, state
from pages._ui.draft import Draft
from pages._ui.guard import callback
from pages._ui.wording import plain, roughly, sentence


def choose() -> None:
    """Draws the presets, once there is a model and data to make them for; a press replaces the cards."""
    draft = state.draft()
    try:
        found = presets(resolve(draft.bare(), from_browser=True))
    except FeatherweightError:
        return  # the plan beside it says what is missing
    with chrome.card("presets", "Start from a preset"), st.grid(3, min_column_width=130, gap="small"):
        for preset in found:
            with st.container(gap="xsmall"):
                _preset(draft, preset)


def _preset(draft: Draft, preset: Preset) -> None:
    chosen = draft.chains is None and not draft.alone and draft.steps == preset.steps
    st.button(preset.title, key=state.key(f"preset-{preset.name}"), disabled=preset.refused is not None,
              type="primary" if chosen else "secondary", icon=":material/check:" if chosen else None, width="stretch",
              on_click=_take, args=(preset,))  # fmt: skip
    if preset.refused is not None:
        st.caption(f":material/block: {plain(sentence(preset.refused.text))} {plain(sentence(preset.next))}")
    elif preset.estimate is not None:
        st.caption(f"{plain(preset.text)} **{roughly(preset.estimate.seconds).capitalize()}**, estimated.")


@callback
def _take(preset: Preset) -> None:
    """The cards of the preset."""
    new = state.draft().changed(cards=cards.of_chain(preset.steps), alone=False, chains=None)
    state.replace_draft(new)
