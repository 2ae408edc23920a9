"""The step: who learns, from whom, whether they go together, and the training itself."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from engine import models
from engine.data import Data
from engine.errors import StepError
from engine.models.artifacts import TorchModel, save_weights
from engine.results import Note
from engine.settings import Distill, Preprocess, TimmModel
from engine.techniques.context import Context, Model, Outcome
from engine.techniques.distill.teacher import (
    ASKED,
    Teacher,
    asking,
    by_batch,
    find_teacher,
    kept_answers,
    plain_answers,
)
from engine.training.batches import PLAIN, Pixels, Views
from engine.training.curve import Fit, Point
from engine.training.lessons import Answers, Labels
from engine.training.loop import fit


def distill(model: Model, settings: Distill, context: Context) -> Outcome:
    """The student after it has learnt the teacher's answers on the train images.

    Raises StepError where there are no train images, where teacher and student or the data's classes do not go
    together, or where the loss or an answer is not finite; SourceError and HubError as loading a model does.
    """
    train = context.data.split("train")
    if len(train) == 0:
        raise StepError("distill needs train images, and there are none", "Raise split.train")
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        folder = Path(work)
        teacher = find_teacher(model, settings, context, _made(folder / "teacher"))
        _check_classes(teacher, context.data)
        student = _student(model, settings, teacher, context, _made(folder / "student"))
        _check_outputs(teacher, student)
        context.tell(0.0, f"decoding {len(train)} train images")
        pixels = train.cached(context.shared or folder).array
        if pixels is None:
            raise TypeError("a cached part has an array")
        module = student.build()
        result = _learn(module, pixels, teacher, student.preprocess, settings, context)
    classes = context.data.classes or teacher.model.classes or student.classes
    weights = save_weights(module, context.folder / "weights.safetensors")
    learnt = replace(student, weights=weights, weights_label="distilled", classes=classes)
    return Outcome(
        model=learnt, notes=_notes(result, teacher, settings, context), complete=not result.stopped_by_budget
    )


def _learn(
    module: nn.Module, pixels: Pixels, teacher: Teacher, preprocess: Preprocess, settings: Distill, context: Context
) -> Fit:
    views = Views(pixels, settings, context.seed)
    labels = context.data.split("train").labels
    hard = Labels(labels, settings.label_smoothing) if labels is not None and settings.label_share > 0 else None
    judged = "right" if hard else "answered as the teacher does"

    def on_epoch(point: Point) -> None:
        context.tell(ASKED + (1 - ASKED) * point.share, point.words(judged), **point.metrics)

    with asking(teacher.model, context) as ask:
        if settings.views:
            answers = kept_answers(teacher.model, views, settings.views, settings, context, ask)
            given, plain = by_batch(answers), np.array(answers[PLAIN])
        else:
            given, plain = (lambda batch: ask(batch.pixels)), plain_answers(ask, views)
        lesson = Answers(answers=given, plain=plain, n_views=settings.views or None, temperature=settings.temperature,
                         labels=hard, label_share=settings.label_share)  # fmt: skip
        return fit(module, pixels, lesson, preprocess, settings, seed=context.seed, deadline=context.deadline,
                   on_epoch=on_epoch, checkpoint=context.checkpoint)  # fmt: skip


def _student(model: Model, settings: Distill, teacher: Teacher, context: Context, folder: Path) -> TorchModel:
    """The model so far, or a new one with as many outputs as the teacher, for the images of the model so far."""
    if settings.student is None:
        if not isinstance(model, TorchModel):
            raise StepError(
                "the model so far is an ONNX file, which cannot learn", "Name a timm architecture as student"
            )
        return model
    preprocess = model.preprocess
    height, width = preprocess.size
    source = TimmModel(name=settings.student, weights=settings.student_weights, num_classes=teacher.model.n_outputs,
                       in_chans=len(preprocess.mean), img_size=height if height == width else None)  # fmt: skip
    made = models.load(source, preprocess, context.seed, folder)
    if not isinstance(made, TorchModel):
        raise TypeError("a timm source gives a TorchModel")
    return made


def _check_classes(teacher: Teacher, data: Data) -> None:
    """The labels must mean what the teacher's outputs mean."""
    if data.classes is None:
        return
    n_outputs, known = teacher.model.n_outputs, teacher.model.classes
    if n_outputs != len(data.classes):
        raise StepError(
            f"the teacher ({teacher.name}) tells {n_outputs} classes apart and the data {len(data.classes)}",
            "Fine-tune the teacher on these classes first, or set data.labels to none to learn from its answers alone",
        )
    if known is not None and known != data.classes:
        one, other = next((a, b) for a, b in zip(known, data.classes, strict=True) if a != b)
        raise StepError(f"the teacher ({teacher.name}) calls '{one[:40]}' what the data calls '{other[:40]}'",
                        "Give data.classes in the order of its outputs, or set data.labels to none")  # fmt: skip


def _check_outputs(teacher: Teacher, student: TorchModel) -> None:
    if teacher.model.n_outputs != student.num_classes:
        raise StepError(
            f"the teacher ({teacher.name}) has {teacher.model.n_outputs} outputs and the student {student.num_classes}",
            "Name a student, which gets as many outputs as its teacher",
        )


def _notes(result: Fit, teacher: Teacher, settings: Distill, context: Context) -> tuple[Note, ...]:
    labels = context.data.labelled and settings.label_share > 0
    n_images = result.n_train + result.n_validation
    asked = f"{settings.views} views of {n_images} train images" if settings.views else "every view at every step"
    share = f"Labels had a share of {settings.label_share:.0%} in the loss" if labels else "Labels had no part in it"
    return (
        Note(code="teacher", text=f"The teacher, {teacher.name}, answered {asked}"),
        Note(code="label_share", text=share),
        *result.notes("right" if labels else "answered as the teacher does"),
    )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
