"""What a person brings along: uploaders, and what this home already holds."""

from typing import Literal

import streamlit as st

from engine import Upload, save_folder, save_upload, uploads
from pages._ui import state
from pages._ui.wording import ago, megabytes

Kind = Literal["onnx", "weights", "images", "labels"]
# Below the server's own limit, past which a browser shows a bare error.
LARGEST_MB = min(1000, st.get_option("server.maxUploadSize"))


def pick(kind: Kind, label: str, types: list[str]) -> Upload | None:
    """A file that is uploaded now or was before; once stored, the uploader lets go of its copy in memory."""
    _upload(kind, label, types)
    return _earlier(kind, state.remembered_upload(kind), state.key(f"earlier-{kind}", "uploads"))


def pick_for(name: str, kind: Kind, label: str, types: list[str], chosen: str | None) -> Upload | None:
    """The same for a card of this name, whose choice, a SHA-256, is in the draft and goes where the card goes."""
    _upload(kind, label, types, name)
    key = state.key(state.key(f"earlier-{kind}{name}", "uploads"))
    return _earlier(kind, state.new_upload(kind + name) or chosen, key)


def _upload(kind: Kind, label: str, types: list[str], name: str = "") -> None:
    file = st.file_uploader(
        label, type=types, max_upload_size=LARGEST_MB, key=state.key(f"upload-{kind}{name}", "uploads")
    )
    if file is not None:
        _stored(kind + name, save_upload(file.name, kind, file))


def pick_folder() -> Upload | None:
    """A whole folder of images, with its class folders in it."""
    files = st.file_uploader(
        "A folder of images",
        accept_multiple_files="directory",
        max_upload_size=LARGEST_MB,
        type=["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "gif", "csv"],
        key=state.key("upload-folder", "uploads"),
    )
    return _stored("images", save_folder((file.name, file) for file in files)) if files else None


def _stored(kind: str, upload: Upload) -> None:
    """Remember it as the latest of its kind and picker, and draw the page again with an empty uploader."""
    state.remember_upload(kind, upload.sha256)
    state.renew("uploads")
    st.rerun()


def _earlier(kind: Kind, chosen: str | None, key: str) -> Upload | None:
    """One of those that this home holds, `chosen` to begin with."""
    known = uploads(kind)
    if not known:
        return None
    index = next((i for i, upload in enumerate(known) if upload.sha256 == chosen), None)
    return st.selectbox(
        "Uploaded to this home",
        known,
        index=index,
        placeholder="Choose one",
        key=key,
        format_func=lambda upload: f"{upload.name} · {megabytes(upload.size_bytes)} · {ago(upload.created)}",
    )
