"""A weights file whose architecture its owner does not know: the ones that it may be of, each as a button."""

import streamlit as st

from engine import Identification, IdentifyRequest, TimmModel, Upload, find_upload, result
from engine.wording import many
from pages._ui import live, state, uploads_view
from pages._ui.browser_terms import told
from pages._ui.guard import callback
from pages._ui.wording import count, plain

TITLE = "A weights file whose architecture I do not know"
LABEL = "A safetensors file, a state dict or a training's checkpoint"
TYPES = ["safetensors", "pth", "pt", "ckpt", "tar", "bin"]
MAX_BUTTONS = 6
IDENTIFY = "identify"
"""Tells this picker of weights from the one of an architecture."""


def pick(current: str | None) -> Upload | None:
    """Draws the choice of a weights file for an architecture that is chosen already; `current` is a SHA-256."""
    return uploads_view.pick("weights", LABEL, TYPES, current=current)


def suggest(model: TimmModel) -> None:
    """Draws a button for each architecture that the uploaded weights of a model fit, where its own does not."""
    upload = find_upload(model.weights_sha256) if model.weights_sha256 is not None else None
    if upload is not None:
        _identified(upload)


def identify() -> None:
    """Draws the choice of a weights file without an architecture, and what it may be of."""
    with st.expander(TITLE):
        upload = uploads_view.pick("weights", LABEL, TYPES, IDENTIFY)
        if upload is None:
            st.caption("Its names and shapes mostly give the architecture away. You choose; nothing is assumed.")
            return
        _identified(upload)


def _identified(upload: Upload) -> None:
    """Draws what a weights file may be of, once that is known."""
    request = IdentifyRequest(weights_sha256=upload.sha256)
    job = live.follow_analysis(request, "Reading names and shapes, in a process of its own.")
    identification = result(job.id) if job else None
    if isinstance(identification, Identification):
        _candidates(upload, identification)


def _candidates(upload: Upload, identification: Identification) -> None:
    """Draws what the file holds, and a button for each architecture."""
    st.caption(f"{many(identification.n_tensors, 'tensor')} with {count(identification.parameters)} values")
    for note in identification.notes:
        st.caption(told(note.text))
    names = identification.architectures[:MAX_BUTTONS]
    if not names:
        st.info("No architecture of the catalogue has these names and shapes. Choose one above if you know it.")
        return
    if len(names) > 1:
        st.markdown("More than one has these names and shapes. They differ in what no weight tells.")
    with st.container(horizontal=True):
        for name in names:
            st.button(f"Use {plain(name)}", key=f"identify-{name}", on_click=_use, args=(name, upload))


@callback
def _use(name: str, upload: Upload) -> None:
    """Makes the architecture with the uploaded weights the draft's model, which its card then shows."""
    model = TimmModel(name=name, weights=upload.path, weights_sha256=upload.sha256)
    for picker in ("weights", f"weights{IDENTIFY}"):
        state.set_last_upload(picker, upload.sha256)
    state.renew_keys("uploads")
    state.replace_draft(state.draft().replace(model=model))
