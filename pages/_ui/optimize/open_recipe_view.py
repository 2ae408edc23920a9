"""Opens a recipe from a file, or from an earlier run that the page's address names."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from engine import MAX_RECIPE_BYTES, SettingsError, parse_recipe, recipe
from pages._ui import state
from pages._ui.draft import from_recipe
from pages._ui.guard import guarded, show_error


def restore() -> None:
    """Loads the recipe of the run in `?recipe=RUN` into the draft, and removes the parameter."""
    run = state.param("recipe")
    if run:
        state.set_param("recipe", None)
        with guarded():
            state.replace_draft(from_recipe(recipe(run)))


def show() -> None:
    """Draws an uploader for a recipe file, which replaces the draft."""
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
        new = parse_recipe(_text(file.read(MAX_RECIPE_BYTES + 1)))
    except SettingsError as error:
        show_error(error.message, error.next, of_recipe=True)
        return
    state.replace_draft(from_recipe(new))
    state.set_notice(f"Opened {file.name}")
    st.rerun()


def _text(content: bytes) -> str:
    """The bytes as UTF-8. Raises SettingsError."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the recipe is not UTF-8 text", "Open a YAML or JSON recipe") from error
