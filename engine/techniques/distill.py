"""Distillation: a student learns a teacher's answers."""

import tempfile
from pathlib import Path

from engine.context import Model, Outcome, image_preprocess
from engine.models.artifacts import TorchModel
from engine.settings import Distill
from engine.training.context import TeacherContext
from engine.training.distillation import learn_answers
from engine.training.student import check_trainable, new_student
from engine.training.teacher import find_teacher


def distill(model: Model, settings: Distill, context: TeacherContext) -> Outcome:
    """The student after it has learnt the teacher's answers on the train images.

    Raises StepError where there are no train images, where teacher and student or the data's classes do not go
    together, or where the loss or an answer is not finite; SourceError and HubError as loading a model does.
    """
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        teacher = find_teacher(model, settings.teacher, context, Path(work) / "teacher")
        student = _student(model, settings, teacher.model.n_outputs, context, Path(work) / "student")
        return learn_answers(student, teacher, settings, context)


def _student(model: Model, settings: Distill, n_outputs: int, context: TeacherContext, folder: Path) -> TorchModel:
    if settings.student is None:
        return check_trainable(model)
    return new_student(settings.student, settings.student_weights, n_outputs, image_preprocess(model), context, folder)
