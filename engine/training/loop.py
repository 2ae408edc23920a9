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
from engine.training.objectives import Objective
from engine.training.precision import PLAIN, PRECISIONS, Precision, Probed, probe, worth_probing
from engine.training.state import TrainingState

VALIDATION_SHARE = 0.1
VALIDATION_BATCH = 256
MIN_IMAGES = 3
"""Two for a batch, since batch norm cannot use one image, and one to validate on."""


def fit(
    module: nn.Module,
    pixels: Pixels,
    objective: Objective,
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
    batches = TrainBatches(Views(pixels, settings, seed), train, preprocess, size, seed, objective.n_views)
    used = chosen(module, settings)
    with memory_named(size):
        for part in filter(None, (module, objective.extra)):
            part.to(device())
        state = TrainingState.begun(module, objective, settings, used, settings.epochs * len(batches), checkpoint)
        precision, measured = _precision(state, batches, objective, settings, deadline)
        loss_module = state.ready(precision)
        for point in state.points:
            on_epoch(point)
        stopped = False
        while not (stopped or state.over()):
            epoch = len(state.points)
            random_seed(_seed_of(seed, epoch), processes.rank())
            losses = _epoch(loss_module, state, _in_time(batches.epoch(epoch), deadline), epoch * len(batches))
            processes.same_buffers(loss_module)
            scores = [_share_right(one, pixels, objective, validation, preprocess) for one in state.judged()]
            state.add(Point(epoch + 1, settings.epochs, float(np.mean(losses)), *processes.agreed(scores)))
            on_epoch(state.points[-1])
            unfinished = not state.over() or len(losses) < len(batches)
            stopped = processes.agreed(unfinished and time.monotonic() > deadline)
            if not stopped:
                state.keep()
        state.end()
    remarks = (too_deep(module, preprocess.size), capped, used.note, measured)
    return Fit(
        state.best_epoch,
        state.best_top1,
        len(state.points),
        len(train),
        len(validation),
        stopped,
        state.early,
        state.best_averaged,
        tuple(note for note in remarks if note),
    )


def _epoch(loss_module: nn.Module, state: TrainingState, batches: Iterator[Batch], n_before: int) -> list[float]:
    """The loss of every batch; `n_before` steps were done in earlier epochs."""
    loss_module.train()
    losses: list[float] = []
    for number, batch in enumerate(batches, start=1):
        state.optimizer.zero_grad(set_to_none=True)
        loss = loss_module(batch)
        losses.append(_finite(loss.item(), len(state.points)))
        loss.backward()
        state.step(n_before + number)
    return losses


def _finite(loss: float, epoch: int) -> float:
    if np.isfinite(loss):
        return loss
    raise StepError(
        f"the training loss is {loss} in epoch {epoch + 1}",
        "Lower the learning rate (learning_rate), or check the images and weights for extreme values",
    )


def _in_time(batches: Iterator[Batch], deadline: float) -> Iterator[Batch]:
    """The first batch, and more until the deadline has passed."""
    for batch in batches:
        yield batch
        if processes.agreed(time.monotonic() > deadline):
            return


def _precision(
    state: TrainingState, batches: TrainBatches, objective: Objective, settings: Training, deadline: float
) -> tuple[Precision, Note | None]:
    """How steps are computed: as asked, as the checkpoint has it, or as measured where that pays."""
    if settings.arithmetic != "auto":
        return PRECISIONS[settings.arithmetic], None
    if state.arithmetic is not None:
        return PRECISIONS[state.arithmetic], None
    if processes.agreed(time.monotonic() > deadline) or not worth_probing(settings.epochs * len(batches)):
        return PLAIN, None
    batch = next(batches.epoch(0))
    measured = processes.agreed(_probed(state.module, batch, objective, deadline))
    return measured.precision, measured.note


def _probed(module: nn.Module, batch: Batch, objective: Objective, deadline: float) -> Probed:
    """On copies; of the lesson's own parts the state is put back."""
    extra = objective.extra
    before = {name: value.clone() for name, value in extra.state_dict().items()} if extra is not None else {}

    def step(one: nn.Module, precision: Precision) -> float:
        one.train()
        one.zero_grad(set_to_none=True)
        loss = loss_of(one, batch, objective, precision)
        loss.backward()
        return loss.item()

    result = probe(module, step, device(), deadline)
    if extra is not None:
        extra.load_state_dict(before)
        extra.zero_grad(set_to_none=True)
    return result


@torch.inference_mode()
def _share_right(module: nn.Module, pixels: Pixels, objective: Objective, rows: Rows, preprocess: Preprocess) -> float:
    """In float32, whatever training computes in."""
    module.eval()
    right = 0
    for start in range(0, len(rows), VALIDATION_BATCH):
        part = rows[start : start + VALIDATION_BATCH]
        right += objective.right(module(normalised(pixels[part], preprocess).to(device())), part)
    return right / len(rows)


def _seed_of(seed: int, epoch: int) -> int:
    """For what is random in an epoch beside order and views (dropout, mixup): an epoch that is done again is the
    same."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0] // 2)


def _validation_split(n: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Sorted row numbers for training and for choosing the best epoch."""
    if n < MIN_IMAGES:
        raise StepError(
            f"training needs at least {MIN_IMAGES} train images, there are {n}",
            "Add images, or raise the share of images for training (split.train)",
        )
    order = rng.permutation(n)
    n_validation = max(1, round(n * VALIDATION_SHARE))
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])
