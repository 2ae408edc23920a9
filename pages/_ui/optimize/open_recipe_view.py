"""Opening a recipe: from a file, or from an earlier run by the page's address."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from engine import MAX_RECIPE_BYTES, SettingsError, parse_recipe, recipe
from pages._ui import state
from pages._ui.draft import from_recipe
from pages._ui.guard import guarded, say


def restore() -> None:
    """`?recipe=RUN` loads that run's recipe once; the draft in the address takes over from there."""
    run = state.param("recipe")
    if run:
        state.set_param("recipe", None)
        with guarded():
            state.replace_draft(from_recipe(recipe(run)))


def show() -> None:
    """An uploader for a recipe file; what it says replaces the draft."""
    with st.expander("Open a recipe", icon=":material/folder_open:", expanded=state.param("open") == "recipe"):
        file = st.file_uploader(
            "A recipe file",
            type=["yaml", "yml", "json"],
            max_upload_size=1,
            key=state.key("open-recipe"),
            label_visibility="collapsed",
        )
        if file is None:
            return
        with guarded():
            _open(file)


def _open(file: UploadedFile) -> None:
    try:
        opened = parse_recipe(_text(file.read(MAX_RECIPE_BYTES + 1)))
    except SettingsError as error:
        say(error.message, error.next, of_recipe=True)
        return
    state.replace_draft(from_recipe(opened))
    state.leave_notice(f"Opened {file.name}")
    st.rerun()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the recipe is not UTF-8 text", "Open a YAML or JSON recipe") from error
