"""One training loop, on timm's optimizers and schedulers: best checkpoint by a validation part of the train split."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from timm.optim import create_optimizer_v2, param_groups_weight_decay
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn

from engine.errors import StepError
from engine.results import Note
from engine.settings import Preprocess
from engine.settings.training import Training
from engine.training.batches import Batch, Pixels, Rows, TrainBatches, Views, normalised
from engine.training.lessons import Lesson

VALIDATION_SHARE = 0.1
WARMUP_SHARE = 0.1
VALIDATION_BATCH = 256
MIN_IMAGES = 3
"""Two for a batch, since batch norm cannot use one image, and one to validate on."""


@dataclass(frozen=True)
class Point:
    """How an epoch went, the first being 1 of `epochs`; a point of the curve."""

    epoch: int
    epochs: int
    train_loss: float
    validation_top1: float

    @property
    def share(self) -> float:
        return self.epoch / self.epochs

    @property
    def metrics(self) -> dict[str, float]:
        """For the event of this epoch."""
        return {"epoch": self.epoch, "train_loss": self.train_loss, "validation_top1": self.validation_top1}

    def words(self, judged: str) -> str:
        """`judged` says what a good answer is."""
        top1 = f"{self.validation_top1:.1%} of the validation images are {judged}"
        return f"epoch {self.epoch} of {self.epochs}: {top1}"


OnEpoch = Callable[[Point], None]
"""Hears of each epoch when it has ended, of one that the deadline cut short too."""


@dataclass(frozen=True)
class Fit:
    """How training went; the module holds the best epoch's weights. `n_epochs` counts those that were begun."""

    best_epoch: int
    best_top1: float
    n_epochs: int
    n_train: int
    n_validation: int
    stopped_by_budget: bool

    def notes(self, judged: str) -> tuple[Note, ...]:
        """Which weights were kept and why, and whether time ran out; `judged` says what a good answer is."""
        kept = Note(code="best_epoch", text=f"The weights of epoch {self.best_epoch} of {self.n_epochs} are kept: "
                                            f"{self.best_top1:.1%} of {self.n_validation} validation images "
                                            f"(a part of the train split) are {judged}")  # fmt: skip
        if not self.stopped_by_budget:
            return (kept,)
        text = f"Training ended in epoch {self.n_epochs} because budget.minutes ran out"
        return kept, Note(code="training_stopped_by_budget", text=text)


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
) -> Fit:
    """Trains `module` in place (the caller owns it) and leaves the best epoch's weights in it, in eval mode.

    `module` is any (B, C, H, W) -> logits (B, classes), not timm's alone. `pixels` (N, H, W, C) uint8 of at least
    MIN_IMAGES images; `deadline` in seconds of time.monotonic(): the batch in which it passes is the last. Raises
    StepError where the loss is not finite.
    """
    torch.manual_seed(seed)
    train, validation = _validation_split(len(pixels), np.random.default_rng(seed))
    batches = TrainBatches(Views(pixels, settings, seed), train, preprocess, settings.batch_size, seed, lesson.n_views)
    optimizer = _optimizer(module, lesson, settings)
    schedule = _schedule(optimizer, settings.epochs * len(batches))
    best_top1, best_epoch, best_state = -1.0, 0, module.state_dict()
    epoch, stopped = 0, False
    while epoch < settings.epochs and not stopped:
        losses = _epoch(module, batches, epoch, deadline, lesson, optimizer, schedule)
        top1 = _share_right(module, pixels, lesson, validation, preprocess)
        epoch += 1
        if top1 >= best_top1:
            best_top1, best_epoch = top1, epoch
            best_state = {name: value.detach().clone() for name, value in module.state_dict().items()}
        on_epoch(Point(epoch, settings.epochs, float(np.mean(losses)), top1))
        unfinished = epoch < settings.epochs or len(losses) < len(batches)
        stopped = unfinished and time.monotonic() > deadline
    module.load_state_dict(best_state)
    module.eval()
    return Fit(best_epoch, best_top1, epoch, len(train), len(validation), stopped)


def _epoch(
    module: nn.Module,
    batches: TrainBatches,
    epoch: int,
    deadline: float,
    lesson: Lesson,
    optimizer: torch.optim.Optimizer,
    schedule: CosineLRScheduler,
) -> list[float]:
    """The loss of every batch."""
    module.train()
    if lesson.extra is not None:
        lesson.extra.train()
    losses: list[float] = []
    for number, batch in enumerate(_in_time(batches.epoch(epoch), deadline)):
        optimizer.zero_grad(set_to_none=True)
        loss = lesson.loss(module, batch)
        if not torch.isfinite(loss):
            raise StepError(f"the training loss is {loss.item()} in epoch {epoch + 1}",
                            "Lower learning_rate, or check the images and weights for extreme values")  # fmt: skip
        loss.backward()
        optimizer.step()
        schedule.step_update(epoch * len(batches) + number + 1)
        losses.append(loss.item())
    return losses


def _in_time(batches: Iterator[Batch], deadline: float) -> Iterator[Batch]:
    """The first batch, and more until the deadline has passed."""
    for batch in batches:
        yield batch
        if time.monotonic() > deadline:
            return


def _optimizer(module: nn.Module, lesson: Lesson, settings: Training) -> torch.optim.Optimizer:
    """timm's, of the module's parameters and those of the lesson; biases and norms do not decay."""
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        module, opt=settings.optimizer, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    for group in param_groups_weight_decay(lesson.extra, settings.weight_decay) if lesson.extra is not None else ():
        optimizer.add_param_group(group)
    return optimizer


def _schedule(optimizer: torch.optim.Optimizer, n_updates: int) -> CosineLRScheduler:
    schedule = CosineLRScheduler(
        optimizer,
        t_initial=n_updates,
        warmup_t=max(1, round(n_updates * WARMUP_SHARE)),
        warmup_lr_init=1e-6,
        t_in_epochs=False,
    )
    schedule.step_update(0)
    return schedule


@torch.inference_mode()
def _share_right(module: nn.Module, pixels: Pixels, lesson: Lesson, rows: Rows, preprocess: Preprocess) -> float:
    module.eval()
    right = 0
    for start in range(0, len(rows), VALIDATION_BATCH):
        part = rows[start : start + VALIDATION_BATCH]
        right += lesson.right(module(normalised(pixels[part], preprocess)), part)
    return right / len(rows)


def _validation_split(n: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Sorted row numbers for training and for choosing the best epoch."""
    if n < MIN_IMAGES:
        raise StepError(f"training needs at least {MIN_IMAGES} train images, there are {n}",
                        "Add images or raise split.train")  # fmt: skip
    order = rng.permutation(n)
    n_validation = max(1, round(n * VALIDATION_SHARE))
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])
