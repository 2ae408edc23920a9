"""Uploaders, and the choice between the uploads of this home."""

from typing import Literal

import streamlit as st

from engine import (
    FeatherweightError,
    NotFoundError,
    Upload,
    finish_import,
    job,
    save_folder,
    save_upload,
    start_import,
    uploads,
)
from engine.wording import size_text
from pages._ui import live, protections_view, state
from pages._ui.browser_terms import told
from pages._ui.guard import show_error
from pages._ui.wording import ago

Kind = Literal["onnx", "weights", "images", "labels", "arrays"]
# Below the server's own limit, past which a browser shows a bare error.
LARGEST_MB = min(1000, st.get_option("server.maxUploadSize"))

FOLDER_FILES = (
    "jpg jpeg jpe jfif png apng bmp dib webp tif tiff gif ppm pgm pbm pnm avif mpo jp2 j2k jpx heic heif "
    "csv tsv txt json jsonl zip tar tgz gz tzst zst parquet"
).split()
"""Endings of the files that the upload of a folder takes."""


def pick(kind: Kind, label: str, types: list[str] | None, name: str = "", current: str | None = None) -> Upload | None:
    """An upload of this kind, new or of this home; once it is stored, the uploader drops its copy in memory.

    `types` are the endings that it takes, None for any. `name` tells pickers of one kind on a page apart.
    `current` is the SHA-256 of the one that is chosen already.
    """
    _upload(kind, label, types, name)
    return _earlier(kind, state.last_upload(kind + name) or current, state.key(f"earlier-{kind}{name}", "uploads"))


def pick_for(name: str, kind: Kind, label: str, types: list[str] | None, current: str | None) -> Upload | None:
    """An upload for the card of this name, whose choice, a SHA-256, is in the draft and moves with the card."""
    _upload(kind, label, types, name)
    key = state.key(state.key(f"earlier-{kind}{name}", "uploads"))
    return _earlier(kind, state.pop_upload(kind + name) or current, key)


def _upload(kind: Kind, label: str, types: list[str] | None, name: str = "") -> None:
    if kind != "labels":  # a table of labels is no program
        protections_view.warn()
    if kind in ("onnx", "weights"):
        _import(kind, label, types, name)
        return
    file = st.file_uploader(
        label, type=types, max_upload_size=LARGEST_MB, key=state.key(f"upload-{kind}{name}", "uploads")
    )
    if file is not None:
        _store(kind + name, save_upload(file.name, kind, file))


def _import(kind: Literal["onnx", "weights"], label: str, types: list[str] | None, name: str) -> None:
    """Draws the uploader of a model: of one file, or of an ONNX file with those of its weights; and what became of it.

    Once it was found to be a model it is kept; one that is refused leaves nothing but the reason.
    """
    picker = kind + name
    chosen = st.file_uploader(
        label,
        type=types,
        accept_multiple_files=kind == "onnx",
        max_upload_size=LARGEST_MB,
        key=state.key(f"upload-{picker}", "uploads"),
    )
    files = chosen if isinstance(chosen, list) else [chosen] if chosen else []
    if files:
        state.renew_keys("uploads")
        state.set_refusal(picker, None)
        try:
            state.set_import(picker, start_import(kind, ((file.name, file) for file in files)).id)
        except FeatherweightError as error:
            state.set_refusal(picker, (error.message, error.next))
        st.rerun()
    slot = st.empty()  # one place, so that the refusal takes that of the progress
    if (id := state.current_import(picker)) is not None:
        with slot.container():
            _follow(picker, id)
    if (refusal := state.refusal(picker)) is not None:
        with slot.container():
            show_error(*refusal)


def _follow(picker: str, id: str) -> None:
    """Draws an import until its end, then takes what it has made of the upload, or why it was refused."""
    try:
        if job(id).state not in live.ENDED:
            st.caption("It is looked into before it is kept.")
            live.watch(id, live.with_cancel)
            return
        state.set_import(picker, None)
        upload = finish_import(id)
    except NotFoundError:  # removed elsewhere, as after an hour
        state.set_import(picker, None)
    except FeatherweightError as error:
        state.set_refusal(picker, (error.message, error.next))
    else:
        _store(picker, upload)


def pick_folder() -> Upload | None:
    """The upload of a folder of images or of archives, with its folders in it; None where none is uploaded."""
    protections_view.warn()
    files = st.file_uploader(
        "A folder of images",
        accept_multiple_files="directory",
        max_upload_size=LARGEST_MB,
        type=FOLDER_FILES,
        key=state.key("upload-folder", "uploads"),
    )
    return _store("images", save_folder((file.name, file) for file in files)) if files else None


def _store(kind: str, upload: Upload) -> None:
    """Sets it as the latest of its kind and picker, and draws the page again with an empty uploader."""
    state.set_last_upload(kind, upload.sha256)
    state.renew_keys("uploads")
    st.rerun()


def _earlier(kind: Kind, current: str | None, key: str) -> Upload | None:
    """An upload of this home, the one with the SHA-256 `current` to begin with."""
    choices = uploads(kind)
    if not choices:
        return None
    index = next((i for i, upload in enumerate(choices) if upload.sha256 == current), None)
    upload = st.selectbox(
        "Uploaded to this home",
        choices,
        index=index,
        placeholder="Choose one",
        key=key,
        format_func=lambda upload: f"{upload.name} · {size_text(upload.size_bytes)} · {ago(upload.created)}",
    )
    for note in upload.notes if upload else ():
        st.caption(told(note.text))
    return upload
