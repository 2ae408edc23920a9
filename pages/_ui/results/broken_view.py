"""What stands above every result where the baseline looks broken, since no comparison with it means much then."""

import streamlit as st

from engine import ArraysData, Report, SampleModel
from pages._ui import chrome, state
from pages._ui.browser_terms import told
from pages._ui.draft import from_recipe

CODE = "baseline_looks_broken"


def show(report: Report) -> None:
    """Draws the warning in red, with the way to the preprocessing detective where it applies."""
    notes = [note for note in report.warnings if note.code == CODE]
    for note in notes:
        st.error(f"**{told(note.text)}**", icon=":material/report:")
    if (
        notes
        and _has_choice(report)
        and st.button("Look for the right preprocessing", icon=":material/troubleshoot:", key="to-detect")
    ):
        state.replace_draft(from_recipe(report.recipe))
        state.go(chrome.DATA)


def _has_choice(report: Report) -> bool:
    """Whether the detective can look: at images with labels, for a model that is taken as it is."""
    recipe = report.recipe
    has_images = recipe.data is not None and not isinstance(recipe.data, ArraysData)
    return has_images and not isinstance(recipe.model, SampleModel) and not recipe.baseline_steps
