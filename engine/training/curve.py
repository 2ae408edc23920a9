"""The progress of a training, epoch by epoch, and its result."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.results import Note, codes
from engine.wording import many, percent


@dataclass(frozen=True)
class Point:
    """A point of the training curve: the result of one epoch, the first being 1 of `epochs`."""

    epoch: int
    epochs: int
    train_loss: float
    validation_top1: float
    averaged_top1: float | None = None
    """Of the moving average of the weights, where there is one."""

    @property
    def share(self) -> float:
        return self.epoch / self.epochs

    @property
    def best(self) -> float:
        return max(self.validation_top1, self.averaged_top1 or 0.0)

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics in this epoch's event."""
        metrics = {"epoch": self.epoch, "train_loss": self.train_loss, "validation_top1": self.validation_top1}
        return metrics if self.averaged_top1 is None else {**metrics, "averaged_weights_top1": self.averaged_top1}

    def message(self, criterion: str) -> str:
        """The message in this epoch's event. `criterion` says when an answer counts as right."""
        top1 = f"{percent(self.best, 1)} of the validation images are {criterion}"
        return f"epoch {self.epoch} of {self.epochs}: {top1}"


OnEpoch = Callable[[Point], None]
"""Called after each epoch, and after one that the deadline cut short."""


@dataclass(frozen=True)
class Fit:
    """The result of a training; the module has the best epoch's weights. `n_epochs` counts the epochs begun."""

    best_epoch: int
    best_top1: float
    n_epochs: int
    n_train: int
    n_validation: int
    stopped_by_budget: bool
    stopped_early: bool = False
    averaged: bool = False
    """Whether the moving average of the weights was kept."""
    remarks: tuple[Note, ...] = ()
    """What was chosen for this network and these images, and what to beware of."""

    def notes(self, criterion: str) -> tuple[Note, ...]:
        """Notes on which weights were kept and why, the remarks, and the reason where training ended early.

        `criterion` says when an answer counts as right.
        """
        weights = "averaged weights" if self.averaged else "weights"
        best_weights = Note(
            code="best_epoch",
            text=f"The {weights} of epoch {self.best_epoch} of {self.n_epochs} are kept: "
            f"{percent(self.best_top1, 1)} of {self.n_validation} validation images "
            f"(a part of the train split) are {criterion}",
        )
        return (best_weights, *self.remarks, *self._ending())

    def _ending(self) -> tuple[Note, ...]:
        if self.stopped_by_budget:
            text = f"Training ended in epoch {self.n_epochs} because the minutes of the budget were up"
            return (Note(code=codes.TRAINING_STOPPED_BY_BUDGET, text=text),)
        if self.stopped_early:
            n_waited = many(self.n_epochs - self.best_epoch, "epoch")
            text = (
                f"Training ended after epoch {self.n_epochs}: {n_waited} without a validation result as good as the "
                "best (patience)"
            )
            return (Note(code=codes.TRAINING_STOPPED_EARLY, text=text),)
        return ()
