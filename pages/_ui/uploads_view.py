"""Uploaders, and the choice between the uploads of this home."""

from typing import Literal

import streamlit as st

from engine import Upload, save_folder, save_upload, uploads
from pages._ui import state
from pages._ui.wording import ago, megabytes

Kind = Literal["onnx", "weights", "images", "labels", "arrays"]
# Below the server's own limit, past which a browser shows a bare error.
LARGEST_MB = min(1000, st.get_option("server.maxUploadSize"))

FOLDER_FILES = (
    "jpg jpeg jpe jfif png apng bmp dib webp tif tiff gif ppm pgm pbm pnm avif mpo jp2 j2k jpx heic heif "
    "csv tsv txt json jsonl"
).split()
"""Endings of the files that the upload of a folder takes."""


def pick(kind: Kind, label: str, types: list[str], name: str = "") -> Upload | None:
    """An upload of this kind, new or of this home; once it is stored, the uploader drops its copy in memory.

    `name` tells pickers of one kind on a page apart.
    """
    _upload(kind, label, types, name)
    return _earlier(kind, state.last_upload(kind + name), state.key(f"earlier-{kind}{name}", "uploads"))


def pick_for(name: str, kind: Kind, label: str, types: list[str], current: str | None) -> Upload | None:
    """An upload for the card of this name, whose choice, a SHA-256, is in the draft and moves with the card."""
    _upload(kind, label, types, name)
    key = state.key(state.key(f"earlier-{kind}{name}", "uploads"))
    return _earlier(kind, state.pop_upload(kind + name) or current, key)


def _upload(kind: Kind, label: str, types: list[str], name: str = "") -> None:
    file = st.file_uploader(
        label, type=types, max_upload_size=LARGEST_MB, key=state.key(f"upload-{kind}{name}", "uploads")
    )
    if file is not None:
        _store(kind + name, save_upload(file.name, kind, file))


def pick_folder() -> Upload | None:
    """The upload of a folder of images with its class folders in it; None where none is uploaded."""
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
    return st.selectbox(
        "Uploaded to this home",
        choices,
        index=index,
        placeholder="Choose one",
        key=key,
        format_func=lambda upload: f"{upload.name} · {megabytes(upload.size_bytes)} · {ago(upload.created)}",
    )
