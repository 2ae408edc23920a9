"""What every technique is given beside its model and settings, and what it gives back."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.data import Data
from engine.errors import StepError
from engine.measure.predictions import Predictions
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results import Note, Result, Trial
from engine.settings import Budget, Goal, Step, Target

Model = TorchModel | OnnxModel


class ProgressCallback(Protocol):
    """Reports the share of the step that is done, what is going on, and figures for the live curve."""

    def __call__(self, fraction: float, message: str, **metrics: float) -> None: ...


class CandidateResult(Result):
    """A model that a search tried; `model` has its own content address."""

    model: OnnxModel
    settings: Step
    trial: Trial
    notes: tuple[Note, ...]
    seconds: float


class SearchResult(Result):
    """What a step that tries several models found: all of them, who won (None: the model as it was), and why."""

    candidates: tuple[CandidateResult, ...]
    winner_key: str | None
    reason: Note
    n_images: int
    """Held-back calibration images."""

    @property
    def winner(self) -> CandidateResult | None:
        return next((one for one in self.candidates if one.model.key == self.winner_key), None)


def silent(fraction: float, message: str, **metrics: float) -> None:
    """A Tell for a part of some work that tells of itself."""


def ignore(candidate: CandidateResult) -> None:
    """For whoever wants the winner alone."""


def _no_evaluation(model: OnnxModel) -> Predictions:
    raise StepError("there are no evaluation images to search with", "Give the step's context a way to predict")


def _no_export(model: TorchModel) -> OnnxModel:
    raise StepError("there is nothing to make an ONNX file with", "Give the step's context a way to export")


def _no_cache(key: str, fill: Callable[[Path], None]) -> Path:
    raise StepError("there is nowhere to keep what was computed", "Give the step's context a cache")


@dataclass(frozen=True, kw_only=True)
class Context:
    """`folder` is the step's own, empty, and kept with its result; `deadline` is in seconds of time.monotonic()."""

    data: Data
    seed: int
    folder: Path
    deadline: float
    isa: tuple[str, ...]
    on_progress: ProgressCallback
    target: Target = field(default_factory=Target)
    budget: Budget = field(default_factory=Budget)
    goal: Goal = "latency"
    baseline: OnnxModel | None = None
    """What the run holds its budget against; None where that is the step's own model."""
    unexported: Model | None = None
    """The same before its export, where a step may want to see inside."""
    predict: Callable[[OnnxModel], Predictions] = _no_evaluation
    """Logits on the evaluation split, at most once a file; only a search asks for them."""
    export: Callable[[TorchModel], OnnxModel] = _no_export
    """The ONNX file of a torch model, made once."""
    cache: Callable[[str, Callable[[Path], None]], Path] = _no_cache
    """The folder of what a key addresses, filled by the function where it is not there yet."""
    shared: Path | None = None
    """A folder of the whole run's, for what several of its steps need alike (decoded images); it goes with the run."""
    checkpoint: Path | None = None
    """A file for a training under way, which outlives this process and goes with the step's end; None: not kept."""
    measuring: Callable[[], AbstractContextManager[object]] = nullcontext
    """Held while something is timed: nothing else of this home computes meanwhile."""
    on_candidate: Callable[[CandidateResult], None] = ignore
    """Puts a search's candidate on disk and into the report at once, or its newer figures."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A new model, whose key the caller gives, and what there is to know about it.

    `complete` is False where a deadline cut the work short: the same step asked again may end otherwise. `ended_early`
    is True where it stopped before all that was asked for was done, and would again. `search` is there where the step
    tried several models; `model` is then the winner's.
    """

    model: Model
    notes: tuple[Note, ...] = ()
    complete: bool = True
    ended_early: bool = False
    search: SearchResult | None = None

    @property
    def onnx(self) -> OnnxModel:
        """The file, of a step that gives one."""
        return as_onnx(self.model)


def as_onnx(model: Model) -> OnnxModel:
    """The model where it is known to be an ONNX file. Raises TypeError where it is not, which is our mistake."""
    if not isinstance(model, OnnxModel):
        raise TypeError(f"an ONNX file was expected, not {model.architecture}")
    return model


Apply = Callable[..., Outcome]
