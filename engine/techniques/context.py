"""What every technique is given beside its model and settings, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.data import Data
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results import Note

Model = TorchModel | OnnxModel


class Tell(Protocol):
    """Reports the share of the step that is done, what is going on, and figures for the live curve."""

    def __call__(self, fraction: float, message: str, **metrics: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """`folder` is the step's own, empty, and kept with its result; `deadline` is in seconds of time.monotonic()."""

    data: Data
    seed: int
    folder: Path
    deadline: float
    isa: tuple[str, ...]
    tell: Tell


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A new model, whose key the caller gives, and what there is to know about it.

    `complete` is False where a deadline cut the work short: the same step asked again may end otherwise.
    """

    model: Model
    notes: tuple[Note, ...] = ()
    complete: bool = True


Apply = Callable[..., Outcome]
