"""Another architecture in place of the model so far."""

import tempfile
from pathlib import Path

from engine.context import Model, Outcome, image_preprocess
from engine.errors import StepError
from engine.results import Note
from engine.settings import Swap
from engine.training.context import TeacherContext
from engine.training.distillation import learn_answers
from engine.training.student import new_student
from engine.training.supervised import learn_labels
from engine.training.teacher import find_teacher


def swap(model: Model, settings: Swap, context: TeacherContext) -> Outcome:
    """A new network for the images of the model so far, trained on the labels or on that model's answers.

    Raises StepError where there are no train images or no labels to learn from, or where the loss is not finite;
    SourceError and HubError as loading a model does.
    """
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        folder, preprocess = Path(work) / "student", image_preprocess(model)
        if settings.learn_from == "model":
            teacher = find_teacher(model, None, context, Path(work) / "teacher")
            student = new_student(
                settings.architecture, settings.weights, teacher.model.n_outputs, preprocess, context, folder
            )
            return learn_answers(student, teacher, settings.as_distill, context)
        classes = context.data.classes
        if classes is None:
            raise StepError(
                "swap learns from labels, and the images have none", "Let it learn from the model (learn_from)"
            )
        student = new_student(settings.architecture, settings.weights, len(classes), preprocess, context, folder)
        note = Note(
            code="swapped",
            text=f"{settings.architecture} with {settings.weights} weights took the model's "
            "place and was trained on the labels",
        )
        return learn_labels(student, student.build(), settings, context, technique="swap", leading_notes=(note,))
