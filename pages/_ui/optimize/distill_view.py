"""The form of a distillation: its student, its teacher, and the rest of its settings."""

import streamlit as st

from engine import BaselineModel, Distill, FileModel, ImagesData, SampleData, SampleModel, TeacherSource, TimmModel
from pages._ui import forms, state, uploads_view
from pages._ui.draft import Draft
from pages._ui.forms import CallerField, FormResult
from pages._ui.optimize import architectures

ITSELF = "The model itself"
DEFAULT_STUDENT, SAMPLE_STUDENT = "regnetx_002", "test_resnet"
"""Students that a new card begins with. Both are plain convolutions, which every later technique can work on."""
TEACHERS = {"chain": "The model so far", "baseline": "The baseline", "timm": "A timm model", "file": "An ONNX file"}
DEFAULT_TEACHER = "resnet50"
BESIDE_LABELS = (
    "These images have labels. Where they are easy, a teacher adds nothing to them: +0.00 points (-0.28 to +0.28) on "
    "the sample's digits; on the same digits in noise +3.2 points (+0.5 to +6.0). A swap learns from labels alone."
)
"""docs/distillation.md has these figures: bench/ablation.py and bench/distill_losses.py, five seeds each."""


def initial_step(draft: Draft) -> Distill:
    """What a new card begins with.

    What was pruned recovers from the network that it was. For the sample the student has settings that were measured
    on it, with random weights: none on the Hub fit its digits.
    """
    if any(step.removes_channels for step in draft.steps):
        return Distill(teacher=BaselineModel())
    if isinstance(draft.model, SampleModel):
        return Distill(student=SAMPLE_STUDENT, student_weights="random", learning_rate=2e-3)
    return Distill(student=DEFAULT_STUDENT)


def settings(current: Distill, draft: Draft, name: str) -> FormResult[Distill]:
    """Draws student, teacher and the form of the rest; the settings."""
    first = [] if isinstance(draft.model, FileModel) else [ITSELF]
    current_student = current.student or (ITSELF if first else DEFAULT_STUDENT)
    student = architectures.pick("Student", current_student, f"{name}-student", first)
    teacher = _teacher(current.teacher, name)
    if student != ITSELF and isinstance(draft.data, SampleData | ImagesData) and draft.data.labelled:
        st.caption(BESIDE_LABELS)
    fields = {
        "student": CallerField(None if student == ITSELF else student),
        "teacher": CallerField(teacher.model_dump() if teacher else None),
    }
    return forms.form(Distill, name, current, caller_fields=fields)


def _teacher(current: TeacherSource | None, name: str) -> TeacherSource | None:
    """Draws the choice of a teacher; None is the model so far."""
    sample = {"sample": "The sample's network"} if isinstance(current, SampleModel) else {}
    kinds = {**TEACHERS, **sample}
    before = "chain" if current is None else current.kind
    kind = st.segmented_control(
        "Teacher",
        list(kinds),
        default=before,
        required=True,
        wrap=True,
        key=state.key(f"{name}-teacher"),
        format_func=kinds.__getitem__,
        help="Whose answers are learnt. It must tell the data's classes apart and take images of the same size.",
    )
    match kind:
        case "baseline":
            return BaselineModel()
        case "timm":
            return _timm(current if isinstance(current, TimmModel) else TimmModel(name=DEFAULT_TEACHER), name)
        case "file":
            return _file(current if isinstance(current, FileModel) else None, name)
    return current if kind == before else None


def _timm(current: TimmModel, name: str) -> TimmModel:
    """Draws the choice of a teacher's architecture; a new one has its pretrained weights."""
    architecture = architectures.pick("Teacher's architecture", current.name, f"{name}-teacher-timm")
    return current if architecture == current.name else TimmModel(name=architecture)


def _file(current: FileModel | None, name: str) -> FileModel | None:
    """Draws the choice of a teacher's ONNX file; `current` until another is chosen."""
    sha256 = current.sha256 if current else None
    upload = uploads_view.pick_for(name, "onnx", "The teacher, an ONNX image classifier", None, sha256)
    if upload is not None:
        return FileModel(sha256=upload.sha256)
    if current is None:
        st.warning("No file is chosen yet; until one is, the model so far teaches.", icon=":material/upload_file:")
    else:
        st.caption("The teacher is the file that the recipe names.")
    return current
