"""What a card of distillation asks: who learns the model's answers, and how."""

import streamlit as st

from engine import Distill, FileModel, SampleModel, search_models
from pages._ui import forms, state
from pages._ui.draft import Draft
from pages._ui.wording import count

ITSELF = "The model itself"
SMALL, TINY = "regnetx_002", "test_resnet"
"""Students to begin with, plain convolutions, which every technique after it takes: for photos, and for the digits."""
DRAWN = ("student", "teacher")


def begins(draft: Draft) -> Distill:
    """What a new card begins with. For the sample what was measured on it; nothing on the Hub knows its digits."""
    if isinstance(draft.model, SampleModel):
        return Distill(student=TINY, student_weights="random", learning_rate=2e-3)
    return Distill(student=SMALL)


def settings(current: Distill, draft: Draft, name: str) -> Distill:
    """The student, from the catalogue, and the form of the rest. A teacher of its own stays as a recipe gave it."""
    parameters = _parameters()
    own = [] if isinstance(draft.model, FileModel) else [ITSELF]
    names = [*own, *parameters] if current.student in (None, *parameters) else [*own, current.student, *parameters]
    shown = current.student or ITSELF
    student = st.selectbox("Student", names, index=names.index(shown) if shown in names else 0,
                           key=state.key(f"{name}-student"), help="Any timm architecture; type to search.",
                           format_func=lambda name: _words(name, parameters))  # fmt: skip
    chosen = current.model_copy(update={"student": None if student == ITSELF else student})
    if chosen.teacher is not None:
        st.caption("The teacher is the one that the recipe names.")
    return forms.form(Distill, name, chosen, without=DRAWN)


@st.cache_data(max_entries=1, show_spinner=False)
def _parameters() -> dict[str, int]:
    """Of every architecture, the smallest first; the catalogue ships with the project and is nobody's data."""
    return {entry.name: entry.parameters for entry in sorted(search_models(""), key=lambda entry: entry.parameters)}


def _words(name: str, parameters: dict[str, int]) -> str:
    return f"{name} · {count(parameters[name])} parameters" if name in parameters else name
