"""Notes of the engine: what needs a look as a warning, and how something was read as information."""

from collections.abc import Iterable

import streamlit as st

from engine import Note
from pages._ui.browser_terms import told


def show(notes: Iterable[Note]) -> None:
    """Draws each note, in the terms of the pages."""
    for note in notes:
        text = told(note.text)
        if note.is_information:
            st.info(text, icon=":material/info:")
        else:
            st.warning(text, icon=":material/warning:")
