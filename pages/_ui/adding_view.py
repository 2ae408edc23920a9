"""The menu of steps that can be added, with the reason where one cannot."""

from collections.abc import Callable, Mapping

import streamlit as st

from engine import TECHNIQUES, Step, place, title_of
from pages._ui import cards_view, distill_view, methods_view, state, swap_view
from pages._ui.draft import Draft
from pages._ui.wording import plain, sentence

BEGINS: Mapping[str, Callable[[Draft], Step]] = {"distill": distill_view.begins, "swap": swap_view.begins}
"""What a new card begins with, where that is not its defaults."""


def show() -> None:
    """Every technique in a line: a button where it can be added, else why it cannot."""
    draft = state.draft()
    refused: list[tuple[Step, str]] = []
    with st.popover("Add a step", icon=":material/add:", key=state.key("add")):
        for technique in dict.fromkeys(settings.model_fields["technique"].default for settings in TECHNIQUES):
            step = BEGINS[technique](draft) if technique in BEGINS else methods_view.default(technique)
            _, reason = place(step, draft.steps, draft.given, title_of)
            if reason:
                refused.append((step, reason))
            else:
                _offer(step)
        for step, reason in refused:
            title = methods_view.title(step.technique)
            st.caption(f":material/block: **{title}**: {plain(sentence(reason))}")


def _offer(step: Step) -> None:
    title = methods_view.title(step.technique)
    with st.container(gap="xxsmall"):
        st.button(title, icon=":material/add:", type="tertiary", key=state.key(f"add-{step.technique}"),
                  on_click=cards_view.insert, args=(step,))  # fmt: skip
        st.caption(plain(cards_view.summary(step)))
