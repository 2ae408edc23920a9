"""The teacher, always as an ONNX file, and the session that computes its answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import models
from engine.context import Model, StepContext, image_preprocess
from engine.data.preprocess import normalise
from engine.errors import StepError
from engine.models.artifacts import OnnxModel, TorchModel
from engine.planning.compatibility import teacher_images, teacher_outputs, teacher_task
from engine.results import Refusal, codes
from engine.runtimes import open_session
from engine.settings import BaselineModel, ModelSource, Preprocess, TeacherSource, TimmModel
from engine.system.machine import cores
from engine.tasks import resized
from engine.training.batches import Pixels
from engine.training.context import TeacherContext
from engine.training.objectives import Logits

BATCH = 32
TRAINING_START = 0.2
"""The share of the progress after which training begins."""
Ask = Callable[[Pixels], Logits]
"""From (B, H, W, C) to the teacher's logits (B, classes)."""


@dataclass(frozen=True)
class Teacher:
    """A teacher. `model` gets images by its own preprocessing; `name` is for notes."""

    model: OnnxModel
    name: str
    torch: TorchModel | None
    """The same before its export; None where it was an ONNX file from the beginning."""


def find_teacher(model: Model, source: TeacherSource | None, context: TeacherContext, folder: Path) -> Teacher:
    """The teacher that `source` names: the chain's model so far (None), the run's baseline, or a model to load.

    A loaded model's files may be in `folder`, which is made for them. Raises SourceError or HubError where that cannot
    be loaded, and StepError where it takes other images or does not tell the data's classes apart.
    """
    if source is None:
        return _teacher(model, "the model so far", context)
    if isinstance(source, BaselineModel):
        return _teacher(context.baseline_model or model, "the baseline", context)
    folder.mkdir()
    preprocess = image_preprocess(model)
    loaded = _load(source, preprocess, context.seed, folder)
    name = loaded.architecture if isinstance(loaded, TorchModel) else loaded.path.name
    _check(teacher_task(name, loaded.task))
    _check(teacher_images(name, image_preprocess(loaded), preprocess))
    return _teacher(loaded, name, context)


def _teacher(model: Model, name: str, context: TeacherContext) -> Teacher:
    _check(teacher_outputs(name, model.n_outputs, model.classes, context.data.classes))
    if isinstance(model, OnnxModel):
        return Teacher(model, name, None)
    return Teacher(context.export(model), name, model)


def _check(misfit: Refusal | None) -> None:
    if misfit is not None:
        raise StepError(misfit.message, misfit.next)


def _load(source: ModelSource, preprocess: Preprocess, seed: int, folder: Path) -> Model:
    """Loads the teacher; one without a preprocessing of its own gets the student's."""
    if isinstance(source, TimmModel):
        height, width = preprocess.size
        input_arguments = {
            "img_size": source.img_size or (height if height == width else None),
            "in_chans": source.in_chans or len(preprocess.mean),
        }
        return models.load(source.model_copy(update=input_arguments), None, seed, folder)
    loaded = models.load(source, None, seed, folder)
    if any(note.code == codes.PREPROCESS_ASSUMED for note in loaded.warnings):
        return models.load(source, preprocess, seed, folder)
    return loaded


@contextmanager
def teacher_session(teacher: OnnxModel, context: StepContext) -> Iterator[Ask]:
    """A function that computes the teacher's answers, on all cores. Raises StepError where they are not finite."""
    target = context.target.model_copy(update={"threads": cores()})
    settings = image_preprocess(teacher).model_dump()
    with open_session(teacher.path, target.for_answers, output_names=teacher.output_names) as session:

        def answer(pixels: Pixels) -> Logits:
            size = teacher.batch or len(pixels)
            outputs = session(resized(normalise(pixels, settings), size))
            return teacher.read(outputs, size).main[: len(pixels)]

        def ask(pixels: Pixels) -> Logits:
            size = teacher.batch or BATCH
            parts = [pixels[start : start + size] for start in range(0, len(pixels), size)]
            return check_finite(np.concatenate([answer(part) for part in parts]))

        yield ask


def check_finite(answers: Logits) -> Logits:
    """The same answers. Raises StepError where one is not finite."""
    if not np.isfinite(answers).all():
        raise StepError(
            "the teacher's answers are not finite on the train images",
            "Check the teacher's weights and its preprocessing",
        )
    return answers
