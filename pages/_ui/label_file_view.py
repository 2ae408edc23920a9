"""How the label file of the images was read, and the fields that change it."""

import pandas as pd
import streamlit as st

from engine import DataPreview, ImagesData, LabelFile, PreviewRequest, result
from engine.wording import many
from pages._ui import forms, state
from pages._ui.draft import Draft
from pages._ui.wording import plain

LABEL_FILE_READ, WHOLE = "label_file_read", "whole_labels"


def show(draft: Draft, request: PreviewRequest) -> None:
    """Draws the reading of a label file once its preview has ended, and also where it has failed."""
    job, data = state.session_job(request), draft.data
    if job is None or job.state not in ("done", "failed") or not isinstance(data, ImagesData):
        return
    if not data.has_label_file:
        return
    preview = result(job.id) if job.state == "done" else None
    label_file = preview.label_file if isinstance(preview, DataPreview) else None
    title = "How the label file was read" if label_file else "Say how the label file is to be read"
    with st.expander(title, icon=":material/table_view:", expanded=label_file is None):
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
    """Draws the fields of the columns, and the button that reads the file again with them."""
    values: dict[str, object] = {}
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
    is_new = any(getattr(data, name) != value for name, value in values.items())
    if st.button("Read it so", icon=":material/refresh:", disabled=not is_new):
        state.replace_draft(draft.replace(data=ImagesData.parse(data.model_dump() | values)))
        st.rerun()
