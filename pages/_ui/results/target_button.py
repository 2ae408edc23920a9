"""The button that takes what was measured as the target of the recipe."""

import streamlit as st

from engine import Report, Target
from pages._ui import chrome, state
from pages._ui.draft import from_recipe


def show(report: Report, target: Target, name: str, *, key: str) -> None:
    """Draws it; a press opens the run's recipe with this target, which a notice names."""
    if st.button("Make it the target", type="primary", icon=":material/my_location:", key=key):
        state.replace_draft(from_recipe(report.recipe).replace(target=target))
        state.set_notice(f"The target is now {name}")
        state.go(chrome.OPTIMIZE)
