"""How the folders of images were read, and what reads them otherwise."""

from collections.abc import Mapping

import streamlit as st

from engine import FolderReading, FolderRole, ImagesData, Job
from engine.wording import many
from pages._ui import state
from pages._ui.browser_terms import told
from pages._ui.draft import Draft
from pages._ui.wording import plain

FOLDERS_OPEN, FOLDERS_READ = "folders_open", "folders_read"
"""Codes of the error that asks how folders are to be read, and of the note that says how they were."""
ROLES: Mapping[FolderRole, str] = {
    "class": "Class",
    "train": "Train",
    "val": "Validation",
    "test": "Test",
    "left_out": "Left out",
}
MOST_FOLDERS = 12
OTHERS = "*"


def show(draft: Draft, reading: FolderReading) -> None:
    """Draws the sentence that says how the folders were read, and the controls that change it."""
    st.markdown(told(reading.note.text))
    data = draft.data
    if not isinstance(data, ImagesData) or not (reading.folders or data.folders):
        return
    with st.expander("Read the folders otherwise", icon=":material/folder_open:"):
        for use in reading.folders[:MOST_FOLDERS]:
            role = st.segmented_control(
                f"{plain(use.name)} · {many(use.n_images, 'image')}",
                list(ROLES),
                default=use.role,
                required=True,
                format_func=ROLES.__getitem__,
                key=state.key(f"folder-{data.sha256}-{use.name}-{use.role}"),
            )
            if role is not None and role != use.role:
                _choose(data, {**data.folders, use.name: role})
        with st.container(horizontal=True):
            if reading.folders and st.button("All of them are classes", icon=":material/folder:"):
                _choose(data, {OTHERS: "class"})
            _by_name(data)


def question(draft: Draft, failed: Job) -> None:
    """Draws the answers to the question that a failed preview asks of its folders, and the way back from another."""
    data = draft.data
    if not isinstance(data, ImagesData):
        return
    if failed.error is not None and failed.error.code == FOLDERS_OPEN:
        if st.button("All of them are classes", icon=":material/folder:"):
            _choose(data, {**data.folders, OTHERS: "class"})
        if st.button("It is a split, leave the others out", icon=":material/call_split:"):
            _choose(data, {**data.folders, OTHERS: "left_out"})
    _by_name(data)


def _by_name(data: ImagesData) -> None:
    if data.folders and st.button("Read them by their names again", icon=":material/undo:"):
        _choose(data, {})


def _choose(data: ImagesData, folders: Mapping[str, FolderRole]) -> None:
    """Writes the roles of the folders into the draft."""
    state.choose(data=data.model_copy(update={"folders": dict(folders)}))
    st.rerun()
