"""How the label file of the images was read, and the fields that change it."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from engine import DataPreview, ImagesData, LabelFile, PreviewRequest, result
from engine.wording import many
from pages._ui import forms, state
from pages._ui.draft import Draft
from pages._ui.wording import plain

LABEL_FILE_READ, WHOLE, OWN = "label_file_read", "whole_labels", "label_file"
NO_FILE = "none"
QUESTIONS = frozenset({"label_files_open", "label_column_open", "several_labels"})
"""Codes of the errors that the fields answer."""
UNUSED = "label_file_unused"
"""The code of the warning that a label file lies beside folders that are classes."""


def show(draft: Draft, request: PreviewRequest) -> None:
    """Draws the reading of a label file once its preview has ended, and also where it has failed."""
    job, data = state.session_job(request), draft.data
    if job is None or job.state not in ("done", "failed") or not isinstance(data, ImagesData):
        return
    preview = result(job.id) if job.state == "done" else None
    preview = preview if isinstance(preview, DataPreview) else None
    label_file = preview.label_file if preview is not None else None
    is_asked = job.error is not None and job.error.code in QUESTIONS
    is_unused = preview is not None and any(note.code == UNUSED for note in preview.warnings)
    if not (data.has_label_file or data.label_file or label_file or is_asked or is_unused):
        return
    is_open = label_file is None and not is_unused and data.label_file != NO_FILE
    title = "Say how the label file is to be read" if is_open else "How the label file was read"
    with st.expander(title, icon=":material/table_view:", expanded=is_open):
        if label_file is not None:
            _first_rows(label_file)
        _fields(draft, data, label_file)


def _first_rows(label_file: LabelFile) -> None:
    """Draws the first rows, with the columns in use marked."""
    st.markdown(f"The first of {many(label_file.n_rows, 'row')} in **{plain(label_file.name)}**")
    st.dataframe(
        pd.DataFrame(dict(zip(_titles(label_file), zip(*label_file.rows, strict=True), strict=True))), hide_index=True
    )


def _titles(label_file: LabelFile) -> list[str]:
    """A title for each column, with what it is used for; no two are the same."""
    uses = {label_file.split_column: "split", label_file.label_column: "label", label_file.file_column: "file"}
    uses |= dict.fromkeys(label_file.one_hot, "class")
    titles: list[str] = []
    for number, name in enumerate(label_file.columns, 1):
        title = f"{name} ({uses[name]})" if name in uses else name
        titles.append(title if title not in titles else f"{title}, column {number}")
    return titles


def _fields(draft: Draft, data: ImagesData, label_file: LabelFile | None) -> None:
    """Draws the fields of the file and its columns, and the button that reads the images again with them."""
    values: dict[str, object] = {} if data.has_label_file else {OWN: _own_file(data, label_file)}
    if values.get(OWN) == NO_FILE:
        _read_again(draft, data, values | {"file_column": None, "label_column": None, WHOLE: False})
        return
    for slot, name in zip(st.columns(2), ("file_column", "label_column"), strict=True):
        current = getattr(data, name)
        options = list(dict.fromkeys([*(label_file.columns if label_file else ()), *([current] if current else [])]))
        recognised = "recognised" if label_file is None else f"recognised: {getattr(label_file, name) or 'one a class'}"
        values[name] = slot.selectbox(
            forms.label_of(ImagesData, name),
            options,
            index=options.index(current) if current else None,
            placeholder=recognised,
            accept_new_options=True,
            key=state.key(f"label-file.{name}"),
            help="Empty: it is recognised. Without a header the columns are called column 1, column 2 and so on.",
        )
    values[WHOLE] = st.toggle(
        forms.label_of(ImagesData, WHOLE),
        value=data.whole_labels,
        key=state.key(f"label-file.{WHOLE}"),
        help=ImagesData.model_fields[WHOLE].description,
    )
    _read_again(draft, data, values)


def _own_file(data: ImagesData, label_file: LabelFile | None) -> str | None:
    """Draws the name of the label file among the images; None for the one that is found."""
    is_off = st.toggle(
        "No label file among the images: folders alone are classes",
        value=data.label_file == NO_FILE,
        key=state.key("label-file.none"),
    )
    if is_off:
        return NO_FILE
    name = st.text_input(
        forms.label_of(ImagesData, OWN),
        value="" if data.label_file in (None, NO_FILE) else data.label_file,
        placeholder=f"found: {label_file.name}" if label_file else "its name, such as labels.csv",
        key=state.key("label-file.own"),
        help="Its path in the folder or archive. Empty: it is found where no folders are classes.",
    )
    return name.strip() or None


def _read_again(draft: Draft, data: ImagesData, values: Mapping[str, object]) -> None:
    """Draws the button that reads the images with these settings."""
    is_new = any(getattr(data, name) != value for name, value in values.items())
    if st.button("Read it so", icon=":material/refresh:", disabled=not is_new):
        state.replace_draft(draft.replace(data=ImagesData.parse({**data.model_dump(), **values})))
        st.rerun()
