"""What every technique takes beside its model and settings, and what it returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.data import Data
from engine.errors import StepError
from engine.models.artifacts import OnnxModel, TorchModel, variant_key
from engine.results import Note, Result, Trial
from engine.runtimes import RaceTarget
from engine.settings import Preprocess, Step, Target

Model = TorchModel | OnnxModel


class ProgressCallback(Protocol):
    """Reports the share of the step that is done, a message, and metrics for the live curve."""

    def __call__(self, fraction: float, message: str, **metrics: float) -> None: ...


class CandidateResult(Result):
    """A model that a search tried, at one of the targets that race; `model` has its own content address.

    `settings` is null where the model is the one that the search began with, at another target.
    """

    model: OnnxModel
    settings: Step | None
    trial: Trial
    notes: tuple[Note, ...]
    seconds: float
    at: RaceTarget | None = None

    @property
    def key(self) -> str:
        """The content address of the model at its target."""
        return variant_key(self.model.key, self.at)


class SearchResult(Result):
    """The result of a step that tries several models. `winner_key` is None where model and target stay as they were."""

    candidates: tuple[CandidateResult, ...]
    winner_key: str | None
    reason: Note
    n_images: int
    """The number of images that chose."""

    @property
    def winner(self) -> CandidateResult | None:
        return next((one for one in self.candidates if one.key == self.winner_key), None)


def no_progress(fraction: float, message: str, **metrics: float) -> None:
    """Reports nothing."""


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """What every step needs. A step that trains or searches takes a subclass, which has more."""

    data: Data
    seed: int
    folder: Path
    """The step's own folder: empty at first, and stored with its result."""
    deadline: float
    """In seconds of time.monotonic()."""
    isa: tuple[str, ...]
    """This processor's instruction sets, as `engine.system.machine.isa` names them."""
    target: Target
    on_progress: ProgressCallback


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step returns: the new model, whose key the caller sets, and notes on it.

    `complete` is False where a deadline cut the work short: the same step may then end with another result next time.
    `ended_early` is True where the step stopped before it did all that its settings ask for, and would do so again.
    `search` is there where the step tried several models; `model` is then the winner.
    """

    model: Model
    notes: tuple[Note, ...] = ()
    complete: bool = True
    ended_early: bool = False
    search: SearchResult | None = None

    @property
    def onnx(self) -> OnnxModel:
        """The model as an ONNX file. Raises TypeError where the step made a torch model."""
        return as_onnx(self.model)


def image_preprocess(model: Model) -> Preprocess:
    """The preprocessing of the model's images. Raises StepError where it takes none."""
    if model.preprocess is None:
        raise StepError("the model takes arrays, and this step needs images", "Leave the step out")
    return model.preprocess


def as_onnx(model: Model) -> OnnxModel:
    """The same model, for a caller who needs an ONNX file. Raises TypeError where it is a torch model."""
    if not isinstance(model, OnnxModel):
        raise TypeError(f"an ONNX file was expected, not {model.architecture}")
    return model
