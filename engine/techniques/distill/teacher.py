"""The teacher, as an ONNX file whatever it was, and its answers: once for every view, or anew at every step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import models
from engine.data.preprocess import normalise
from engine.errors import StepError
from engine.machine import cores, isa, versions
from engine.measure.predictions import filled
from engine.models.artifacts import OnnxModel, TorchModel, content_key
from engine.runtimes import open_session
from engine.settings import BaselineModel, Distill, ModelSource, Preprocess, TimmModel
from engine.techniques.context import Context, Model
from engine.training.batches import PLAIN, Batch, Pixels, Views
from engine.training.lessons import Logits

BATCH = 32
ASKED = 0.2
"""The share of the progress after which training begins."""
Ask = Callable[[Pixels], Logits]
"""From (B, H, W, C) to the teacher's logits (B, classes)."""


@dataclass(frozen=True)
class Teacher:
    """`model` sees images as its own preprocessing says; `name` is for notes."""

    model: OnnxModel
    name: str


def find_teacher(model: Model, settings: Distill, context: Context, folder: Path) -> Teacher:
    """The chain's model so far, the run's baseline, or what the settings name, whose files may lie in `folder`.

    Raises SourceError or HubError where that cannot be loaded, and StepError where it takes other images.
    """
    if settings.teacher is None:
        return Teacher(_as_onnx(model, context), "the model so far")
    if isinstance(settings.teacher, BaselineModel):
        return Teacher(context.baseline or _as_onnx(model, context), "the baseline")
    loaded = _load(settings.teacher, model.preprocess, context.seed, folder)
    name = loaded.architecture if isinstance(loaded, TorchModel) else loaded.path.name
    _check_images(loaded, name, model.preprocess)
    return Teacher(_as_onnx(loaded, context), name)


def _check_images(teacher: Model, name: str, preprocess: Preprocess) -> None:
    """Teacher and student look at the same pixels, each normalised in its own way."""
    given, own = (_pixels(one) for one in (teacher.preprocess, preprocess))
    if given != own:
        raise StepError(f"the teacher ({name}) takes images of {given} and the student of {own}",
                        "Choose a teacher for such images, or set preprocess to its size and channels")  # fmt: skip


def _pixels(preprocess: Preprocess) -> str:
    height, width = preprocess.size
    turned = " in the order bgr" if preprocess.channels == "bgr" else ""
    return f"{len(preprocess.mean)}x{height}x{width}{turned}"


def _load(source: ModelSource, preprocess: Preprocess, seed: int, folder: Path) -> Model:
    """A teacher that does not say how its images are prepared gets them as the student does."""
    if isinstance(source, TimmModel):
        height, width = preprocess.size
        sized = {"img_size": source.img_size or (height if height == width else None),
                 "in_chans": source.in_chans or len(preprocess.mean)}  # fmt: skip
        return models.load(source.model_copy(update=sized), None, seed, folder)
    loaded = models.load(source, None, seed, folder)
    if any(note.code == "preprocess_assumed" for note in loaded.warnings):
        return models.load(source, preprocess, seed, folder)
    return loaded


def _as_onnx(model: Model, context: Context) -> OnnxModel:
    return model if isinstance(model, OnnxModel) else context.export(model)


@contextmanager
def asking(teacher: OnnxModel, context: Context) -> Iterator[Ask]:
    """The teacher's session, on all cores. Raises StepError where its answers are not finite."""
    target = context.target.model_copy(update={"threads": cores()})
    settings = teacher.preprocess.model_dump()
    with open_session(teacher.path, target, input_name=teacher.input_name, output_name=teacher.output_name) as session:

        def ask(pixels: Pixels) -> Logits:
            size = teacher.batch or BATCH
            parts = [pixels[start : start + size] for start in range(0, len(pixels), size)]
            logits = np.concatenate(
                [session(filled(normalise(part, settings), teacher.batch))[: len(part)] for part in parts]
            )
            if not np.isfinite(logits).all():
                raise StepError("the teacher's answers are not finite on the train images",
                                "Check the teacher's weights and its preprocessing")  # fmt: skip
            return logits

        yield ask


def kept_answers(
    teacher: OnnxModel, views: Views, n_views: int, settings: Distill, context: Context, ask: Ask
) -> NDArray[np.float32]:
    """(views, N, classes): asked once, and out of the cache where the same teacher saw the same views before."""
    seen = context.data.split("train").preprocess.model_dump(mode="json")
    key = content_key("answers", teacher.sha256, teacher.preprocess.model_dump(mode="json"), context.data.sha256, seen,
                      context.seed, n_views, settings.flip, settings.shift, context.target.provider, versions(),
                      isa())  # fmt: skip
    n_images = len(views.pixels)

    def fill(folder: Path) -> None:
        answers = np.empty((n_views, n_images, teacher.n_outputs), np.float32)
        for view in range(n_views):
            for start in range(0, n_images, BATCH):
                rows = np.arange(start, min(start + BATCH, n_images))
                answers[view, rows] = ask(views.of(rows, view))
                share = (view * n_images + start) / (n_views * n_images)
                context.tell(ASKED * share, f"the teacher answers view {view + 1} of {n_views}: image {start}")
        np.save(folder / "answers.npy", answers)

    return np.asarray(np.load(context.cache(key, fill) / "answers.npy", mmap_mode="r"))


def by_batch(answers: NDArray[np.float32]) -> Callable[[Batch], Logits]:
    """What was kept, for a batch."""
    return lambda batch: np.array(answers[batch.view, batch.rows])


def plain_answers(ask: Ask, views: Views) -> Logits:
    """(N, classes) on the images as they are."""
    n_images = len(views.pixels)
    starts = range(0, n_images, BATCH)
    return np.concatenate([ask(views.of(np.arange(at, min(at + BATCH, n_images)), PLAIN)) for at in starts])
