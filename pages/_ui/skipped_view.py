"""The images that were left out of a job: how many, the first with the reasons, and all of them as CSV."""

from collections.abc import Sequence

import streamlit as st

from engine import Note, NotFoundError, result_file
from engine.wording import many

CODES = ("image_skipped", "image_skipped_more")
"""Codes of the warnings of a report that name them, and of that which counts the rest."""
SKIPPED_FILE = "skipped.csv"


def show(id: str, notes: Sequence[Note], n_skipped: int) -> None:
    """Draws one line for all images that the job of this `id` left out, which unfolds to the first of them."""
    if not notes:
        return
    with st.expander(f"{many(n_skipped, 'image')} skipped", icon=":material/broken_image:"):
        st.code("\n".join(note.text for note in notes), language=None)
        download(id, f"All {n_skipped:,} as CSV, with the reasons")


def download(id: str, label: str = "The files left out, as CSV with the reasons") -> None:
    """Draws the button for the list of all images that were left out; nothing where the job has none."""
    try:
        path = result_file(id, SKIPPED_FILE)
    except NotFoundError:
        return
    st.download_button(
        label,
        path.read_bytes,
        mime="text/csv",
        file_name=SKIPPED_FILE,
        icon=":material/table:",
        on_click="ignore",
        key="skipped-csv",
    )
