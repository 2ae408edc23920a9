"""The training loop, on timm's optimizers, schedulers and averages; a validation part of train picks the best epoch."""

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
from engine.training.defaults import fill_defaults
from engine.training.guards import batch_size, memory_errors, too_deep
from engine.training.loss_module import device, loss_of, on_card
from engine.training.objectives import Objective
from engine.training.precision import PLAIN, PRECISIONS, Precision, ProbeResult, probe, worth_probing
from engine.training.prefetch import prefetched
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
    card: int | None = None,
) -> Fit:
    """Trains `module` in place (the caller owns it) and leaves the best epoch's weights in it, in eval mode.

    `module` is any (B, C, H, W) -> logits (B, classes), not timm's alone. `pixels` (N, H, W, C) uint8 of at least
    MIN_IMAGES images; `deadline` in seconds of time.monotonic(): the batch in which it passes is the last. Training
    continues from the file `checkpoint` where it exists, with the same result; the caller removes it. `card` is the
    number of the card to train on, as a target names it. Raises StepError where the loss is not finite, a step does not
    fit in memory, or torch does not see that card.
    """
    train, validation = _validation_split(len(pixels), np.random.default_rng(seed))
    size, batch_note = batch_size(settings.batch_size, len(train), processes.world_size())
    batches = TrainBatches(Views(pixels, settings, seed), train, preprocess, size, seed, objective.n_views)
    optimizer_settings = fill_defaults(module, settings)
    with on_card(card), memory_errors(size):
        for part in filter(None, (module, objective.extra)):
            part.to(device())
        state = TrainingState.create(
            module, objective, settings, optimizer_settings, settings.epochs * len(batches), checkpoint
        )
        precision, precision_note = _precision(state, batches, objective, settings, deadline)
        loss_module = state.loss_module(precision)
        for point in state.points:
            on_epoch(point)
        stopped = False
        while not (stopped or state.over()):
            epoch = len(state.points)
            random_seed(_seed_of(seed, epoch), processes.rank())
            losses = _epoch(
                loss_module, state, _until(prefetched(batches.epoch(epoch)), deadline), epoch * len(batches)
            )
            processes.sync_buffers(loss_module)
            scores = [_top1(one, pixels, objective, validation, preprocess) for one in state.validated_modules()]
            state.add(Point(epoch + 1, settings.epochs, float(np.mean(losses)), *processes.broadcast(scores)))
            on_epoch(state.points[-1])
            unfinished = not state.over() or len(losses) < len(batches)
            stopped = processes.broadcast(unfinished and time.monotonic() > deadline)
            if not stopped:
                state.save()
        state.end()
    remarks = (too_deep(module, preprocess.size), batch_note, optimizer_settings.note, precision_note)
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
        loss.backward()
        state.step(n_before + number)
        # Last, since it waits for a card, which has all of the step to do by now.
        losses.append(_finite(loss.item(), len(state.points)))
    return losses


def _finite(loss: float, epoch: int) -> float:
    if np.isfinite(loss):
        return loss
    raise StepError(
        f"the training loss is {loss} in epoch {epoch + 1}",
        "Lower the learning rate (learning_rate), or check the images and weights for extreme values",
    )


def _until(batches: Iterator[Batch], deadline: float) -> Iterator[Batch]:
    """The first batch, and more until the deadline has passed."""
    for batch in batches:
        yield batch
        if processes.broadcast(time.monotonic() > deadline):
            return


def _precision(
    state: TrainingState, batches: TrainBatches, objective: Objective, settings: Training, deadline: float
) -> tuple[Precision, Note | None]:
    """The precision of the steps: as set, as in the checkpoint, or as measured where a probe is worth its time."""
    if settings.arithmetic != "auto":
        return PRECISIONS[settings.arithmetic], None
    if state.arithmetic is not None:
        return PRECISIONS[state.arithmetic], None
    if processes.broadcast(time.monotonic() > deadline) or not worth_probing(settings.epochs * len(batches)):
        return PLAIN, None
    batch = next(batches.epoch(0))
    result = processes.broadcast(_probe(state.module, batch, objective, deadline))
    return result.precision, result.note


def _probe(module: nn.Module, batch: Batch, objective: Objective, deadline: float) -> ProbeResult:
    """Times the modes on copies of the module; the state of the objective's own parts is restored."""
    extra = objective.extra
    extra_state = {name: value.clone() for name, value in extra.state_dict().items()} if extra is not None else {}

    def step(copied: nn.Module, precision: Precision) -> float:
        copied.train()
        copied.zero_grad(set_to_none=True)
        loss = loss_of(copied, batch, objective, precision)
        loss.backward()
        return loss.item()

    result = probe(module, step, device(), deadline)
    if extra is not None:
        extra.load_state_dict(extra_state)
        extra.zero_grad(set_to_none=True)
    return result


@torch.inference_mode()
def _top1(module: nn.Module, pixels: Pixels, objective: Objective, rows: Rows, preprocess: Preprocess) -> float:
    """The share of these images that the module answers right, in float32 whatever training computes in."""
    module.eval()
    right = 0
    for start in range(0, len(rows), VALIDATION_BATCH):
        part = rows[start : start + VALIDATION_BATCH]
        right += objective.right(module(normalised(pixels[part], preprocess).to(device())), part)
    return right / len(rows)


def _seed_of(seed: int, epoch: int) -> int:
    """The seed of an epoch's randomness beside order and views (dropout, mixup), so that an epoch can be repeated."""
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
