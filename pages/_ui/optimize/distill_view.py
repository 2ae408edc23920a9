"""What a card of distillation asks: who learns whose answers, and how."""

import streamlit as st

from engine import BaselineModel, Distill, FileModel, SampleModel, TeacherSource, TimmModel
from pages._ui import forms, state, uploads_view
from pages._ui.draft import Draft
from pages._ui.forms import Drawn, Filled
from pages._ui.optimize import architectures

ITSELF = "The model itself"
SMALL, TINY = "regnetx_002", "test_resnet"
"""Students to begin with, plain convolutions, which every technique after it takes: for photos, and for the digits."""
TEACHERS = {"chain": "The model so far", "baseline": "The baseline", "timm": "A timm model", "file": "An ONNX file"}
GREAT = "resnet50"


def begins(draft: Draft) -> Distill:
    """What a new card begins with. For the sample what was measured on it; nothing on the Hub knows its digits."""
    if isinstance(draft.model, SampleModel):
        return Distill(student=TINY, student_weights="random", learning_rate=2e-3)
    return Distill(student=SMALL)


def settings(current: Distill, draft: Draft, name: str) -> Filled[Distill]:
    """The student and the teacher, and the form of the rest."""
    own = [] if isinstance(draft.model, FileModel) else [ITSELF]
    shown = current.student or (ITSELF if own else SMALL)
    student = architectures.pick("Student", shown, f"{name}-student", own)
    teacher = _teacher(current.teacher, name)
    drawn = {
        "student": Drawn(None if student == ITSELF else student),
        "teacher": Drawn(teacher.model_dump() if teacher else None),
    }
    return forms.form(Distill, name, current, drawn=drawn)


def _teacher(current: TeacherSource | None, name: str) -> TeacherSource | None:
    sample = {"sample": "The sample's network"} if isinstance(current, SampleModel) else {}
    offered = {**TEACHERS, **sample}
    before = "chain" if current is None else current.kind
    kind = st.segmented_control(
        "Teacher",
        list(offered),
        default=before,
        required=True,
        wrap=True,
        key=state.key(f"{name}-teacher"),
        format_func=offered.__getitem__,
        help="Whose answers are learnt. It must tell the data's classes apart and take images of the same size.",
    )
    match kind:
        case "baseline":
            return BaselineModel()
        case "timm":
            return _timm(current if isinstance(current, TimmModel) else TimmModel(name=GREAT), name)
        case "file":
            return _file(current if isinstance(current, FileModel) else None, name)
    return current if kind == before else None


def _timm(current: TimmModel, name: str) -> TimmModel:
    """Another architecture comes with its pretrained weights; where it stays, so do the weights of the recipe."""
    chosen = architectures.pick("Teacher's architecture", current.name, f"{name}-teacher-timm")
    return current if chosen == current.name else TimmModel(name=chosen)


def _file(current: FileModel | None, name: str) -> FileModel | None:
    chosen = current.sha256 if current else None
    upload = uploads_view.pick_for(name, "onnx", "The teacher, an ONNX image classifier", ["onnx"], chosen)
    if upload is not None:
        return FileModel(sha256=upload.sha256)
    if current is None:
        st.warning("No file is chosen yet; until one is, the model so far teaches.", icon=":material/upload_file:")
    else:
        st.caption("The teacher is the file that the recipe names.")
    return current
