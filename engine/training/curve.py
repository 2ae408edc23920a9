"""How training goes, epoch by epoch, and how it went."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.results import Note, codes
from engine.wording import many, percent


@dataclass(frozen=True)
class Point:
    """How an epoch went, the first being 1 of `epochs`; a point of the curve."""

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
        """For the event of this epoch."""
        figures = {"epoch": self.epoch, "train_loss": self.train_loss, "validation_top1": self.validation_top1}
        return figures if self.averaged_top1 is None else {**figures, "averaged_weights_top1": self.averaged_top1}

    def words(self, judged: str) -> str:
        """`judged` says what a good answer is."""
        top1 = f"{percent(self.best, 1)} of the validation images are {judged}"
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
    stopped_early: bool = False
    averaged: bool = False
    """Whether the moving average of the weights was kept."""
    remarks: tuple[Note, ...] = ()
    """What was chosen for this network and these images, and what to beware of."""

    def notes(self, judged: str) -> tuple[Note, ...]:
        """Which weights were kept and why, the remarks, and how training ended if before its time; `judged` says what
        a good answer is."""
        weights = "averaged weights" if self.averaged else "weights"
        kept = Note(
            code="best_epoch",
            text=f"The {weights} of epoch {self.best_epoch} of {self.n_epochs} are kept: "
            f"{percent(self.best_top1, 1)} of {self.n_validation} validation images "
            f"(a part of the train split) are {judged}",
        )
        return (kept, *self.remarks, *self._ending())

    def _ending(self) -> tuple[Note, ...]:
        if self.stopped_by_budget:
            text = f"Training ended in epoch {self.n_epochs} because the minutes of the budget were up"
            return (Note(code=codes.TRAINING_STOPPED_BY_BUDGET, text=text),)
        if self.stopped_early:
            waited = many(self.n_epochs - self.best_epoch, "epoch")
            text = (
                f"Training ended after epoch {self.n_epochs}: {waited} without a validation result as good as the "
                "best (patience)"
            )
            return (Note(code=codes.TRAINING_STOPPED_EARLY, text=text),)
        return ()
