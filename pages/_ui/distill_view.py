"""The card of distillation: who learns the model's answers, and how."""

import streamlit as st

from engine import Distill, FileModel, search_models
from pages._ui import chrome, forms, state
from pages._ui.draft import Draft
from pages._ui.wording import count

ITSELF = "The model itself"
SMALL = "regnetx_002"
"""The student to begin with: small, and plain convolutions, which every technique after it takes."""
DRAWN = ("student", "teacher")


def choose(draft: Draft) -> None:
    """Draws the card and writes the choice into the draft. A teacher of its own stays as a recipe gave it."""
    reason = "Needs images for the teacher to answer; choose some on the Data page." if draft.synthetic else ""
    with chrome.card("distill"):
        wanted = chrome.switch(
            "Distil", "A smaller network learns this model's answers on your images, labelled or not, and takes its "
            "place. What that gains and what it costs is measured beside the baseline.",
            draft.distill is not None and not reason, "distill", reason,
        )  # fmt: skip
        settings = _settings(draft, draft.distill or Distill(student=SMALL)) if wanted else None
    state.choose(distill=settings)


def _settings(draft: Draft, current: Distill) -> Distill:
    parameters = _parameters()
    own = [] if isinstance(draft.model, FileModel) else [ITSELF]
    names = [*own, *parameters] if current.student in (None, *parameters) else [*own, current.student, *parameters]
    shown = current.student or ITSELF
    student = st.selectbox("Student", names, index=names.index(shown) if shown in names else 0,
                           key=state.key("student"), help="Any timm architecture; type to search.",
                           format_func=lambda name: _words(name, parameters))  # fmt: skip
    chosen = current.model_copy(update={"student": None if student == ITSELF else student})
    if chosen.teacher is not None:
        st.caption("The teacher is the one that the recipe names.")
    return forms.form(Distill, "distill", chosen, without=DRAWN)


@st.cache_data(max_entries=1, show_spinner=False)
def _parameters() -> dict[str, int]:
    """Of every architecture, the smallest first; the catalogue ships with the project and is nobody's data."""
    return {entry.name: entry.parameters for entry in sorted(search_models(""), key=lambda entry: entry.parameters)}


def _words(name: str, parameters: dict[str, int]) -> str:
    return f"{name} · {count(parameters[name])} parameters" if name in parameters else name
