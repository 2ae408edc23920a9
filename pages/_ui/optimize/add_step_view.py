"""The menu of steps that can be added, with the reason where one cannot."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from engine import TECHNIQUES, Step, place, title_of
from pages._ui import state
from pages._ui.draft import Draft
from pages._ui.optimize import cards_view, distill_view, methods_view, swap_view
from pages._ui.wording import plain, sentence

BEGINS: Mapping[str, Callable[[Draft], Step]] = {"distill": distill_view.begins, "swap": swap_view.begins}
"""What a new card begins with, where that is not its defaults."""


def show() -> state.Act | None:
    """Every technique in a line: a button where it can be added, else why it cannot; what was pressed."""
    draft = state.draft()
    refused: list[tuple[Step, str]] = []
    act = None
    with st.popover("Add a step", icon=":material/add:", key=state.key("add")):
        for technique in dict.fromkeys(settings.model_fields["technique"].default for settings in TECHNIQUES):
            step = BEGINS[technique](draft) if technique in BEGINS else methods_view.default(technique)
            _, reason = place(step, draft.steps, draft.given, title_of)
            if reason:
                refused.append((step, reason))
            elif _add_candidate(step):
                act = partial(cards_view.insert, step)
        for step, reason in refused:
            title = methods_view.title(step.technique)
            st.caption(f":material/block: **{title}**: {plain(sentence(reason))}")
    return act


def _add_candidate(step: Step) -> bool:
    title = methods_view.title(step.technique)
    with st.container(gap="xxsmall"):
        pressed = st.button(title, icon=":material/add:", type="tertiary", key=state.key(f"add-{step.technique}"))
        st.caption(plain(cards_view.summary(step)))
    return pressed
