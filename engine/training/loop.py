"""One training loop, on timm's optimizers, schedulers and averages: best epoch by a validation part of train."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from timm.utils import random_seed
from torch import nn

from engine.errors import StepError
from engine.results import Note
from engine.settings import Preprocess
from engine.settings.training import Training
from engine.training import distributed as processes
from engine.training.batches import Batch, Pixels, Rows, TrainBatches, Views, normalised
from engine.training.curve import Fit, OnEpoch, Point
from engine.training.defaults import chosen
from engine.training.guards import batch_size, memory_named, too_deep
from engine.training.loss_module import device, loss_of
from engine.training.objectives import Lesson
from engine.training.precision import MODES, PLAIN, Mode, Probed, probe, worth_probing
from engine.training.state import Course

VALIDATION_SHARE = 0.1
VALIDATION_BATCH = 256
MIN_IMAGES = 3
"""Two for a batch, since batch norm cannot use one image, and one to validate on."""


def fit(
    module: nn.Module,
    pixels: Pixels,
    lesson: Lesson,
    preprocess: Preprocess,
    settings: Training,
    *,
    seed: int,
    deadline: float,
    on_epoch: OnEpoch,
    checkpoint: Path | None = None,
) -> Fit:
    """Trains `module` in place (the caller owns it) and leaves the best epoch's weights in it, in eval mode.

    `module` is any (B, C, H, W) -> logits (B, classes), not timm's alone. `pixels` (N, H, W, C) uint8 of at least
    MIN_IMAGES images; `deadline` in seconds of time.monotonic(): the batch in which it passes is the last. What is in
    the file `checkpoint` goes on where it was, with the same end; the caller removes it. Raises StepError where the
    loss is not finite or a step does not fit in memory.
    """
    train, validation = _validation_split(len(pixels), np.random.default_rng(seed))
    size, capped = batch_size(settings.batch_size, len(train), processes.world())
    batches = TrainBatches(Views(pixels, settings, seed), train, preprocess, size, seed, lesson.n_views)
    used = chosen(module, settings)
    with memory_named(size):
        for part in filter(None, (module, lesson.extra)):
            part.to(device())
        course = Course.begun(module, lesson, settings, used, settings.epochs * len(batches), checkpoint)
        mode, measured = _mode(course, batches, lesson, settings, deadline)
        learner = course.ready(mode)
        for point in course.points:
            on_epoch(point)
        stopped = False
        while not (stopped or course.over()):
            epoch = len(course.points)
            random_seed(_seed_of(seed, epoch), processes.rank())
            losses = _epoch(learner, course, _in_time(batches.epoch(epoch), deadline), epoch * len(batches))
            processes.same_buffers(learner)
            scores = [_share_right(one, pixels, lesson, validation, preprocess) for one in course.judged()]
            course.add(Point(epoch + 1, settings.epochs, float(np.mean(losses)), *processes.agreed(scores)))
            on_epoch(course.points[-1])
            unfinished = not course.over() or len(losses) < len(batches)
            stopped = processes.agreed(unfinished and time.monotonic() > deadline)
            if not stopped:
                course.keep()
        course.end()
    remarks = (too_deep(module, preprocess.size), capped, used.note, measured)
    return Fit(course.best_epoch, course.best_top1, len(course.points), len(train), len(validation), stopped,
               course.early, course.best_averaged, tuple(note for note in remarks if note))  # fmt: skip


def _epoch(learner: nn.Module, course: Course, batches: Iterator[Batch], n_before: int) -> list[float]:
    """The loss of every batch; `n_before` steps were done in earlier epochs."""
    learner.train()
    losses: list[float] = []
    for number, batch in enumerate(batches, start=1):
        course.optimizer.zero_grad(set_to_none=True)
        loss = learner(batch)
        losses.append(_finite(loss.item(), len(course.points)))
        loss.backward()
        course.step(n_before + number)
    return losses


def _finite(loss: float, epoch: int) -> float:
    if np.isfinite(loss):
        return loss
    raise StepError(f"the training loss is {loss} in epoch {epoch + 1}",
                    "Lower the learning rate (learning_rate), or check the images and weights for extreme "
                    "values")  # fmt: skip


def _in_time(batches: Iterator[Batch], deadline: float) -> Iterator[Batch]:
    """The first batch, and more until the deadline has passed."""
    for batch in batches:
        yield batch
        if processes.agreed(time.monotonic() > deadline):
            return


def _mode(
    course: Course, batches: TrainBatches, lesson: Lesson, settings: Training, deadline: float
) -> tuple[Mode, Note | None]:
    """How steps are computed: as asked, as the checkpoint has it, or as measured where that pays."""
    if settings.arithmetic != "auto":
        return MODES[settings.arithmetic], None
    if course.arithmetic is not None:
        return MODES[course.arithmetic], None
    if processes.agreed(time.monotonic() > deadline) or not worth_probing(settings.epochs * len(batches)):
        return PLAIN, None
    batch = next(batches.epoch(0))
    measured = processes.agreed(_probed(course.module, batch, lesson, deadline))
    return measured.mode, measured.note


def _probed(module: nn.Module, batch: Batch, lesson: Lesson, deadline: float) -> Probed:
    """On copies; of the lesson's own parts the state is put back."""
    extra = lesson.extra
    before = {name: value.clone() for name, value in extra.state_dict().items()} if extra is not None else {}

    def step(one: nn.Module, mode: Mode) -> float:
        one.train()
        one.zero_grad(set_to_none=True)
        loss = loss_of(one, batch, lesson, mode)
        loss.backward()
        return loss.item()

    result = probe(module, step, device(), deadline)
    if extra is not None:
        extra.load_state_dict(before)
        extra.zero_grad(set_to_none=True)
    return result


@torch.inference_mode()
def _share_right(module: nn.Module, pixels: Pixels, lesson: Lesson, rows: Rows, preprocess: Preprocess) -> float:
    """In float32, whatever training computes in."""
    module.eval()
    right = 0
    for start in range(0, len(rows), VALIDATION_BATCH):
        part = rows[start : start + VALIDATION_BATCH]
        right += lesson.right(module(normalised(pixels[part], preprocess).to(device())), part)
    return right / len(rows)


def _seed_of(seed: int, epoch: int) -> int:
    """For what is random in an epoch beside order and views (dropout, mixup): an epoch that is done again is the
    same."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0] // 2)


def _validation_split(n: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Sorted row numbers for training and for choosing the best epoch."""
    if n < MIN_IMAGES:
        raise StepError(f"training needs at least {MIN_IMAGES} train images, there are {n}",
                        "Add images, or raise the share of images for training (split.train)")  # fmt: skip
    order = rng.permutation(n)
    n_validation = max(1, round(n * VALIDATION_SHARE))
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])
