"""The context of a step that tries several models and keeps the best."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from engine.context import CandidateResult, StepContext
from engine.models.artifacts import OnnxModel, TorchModel
from engine.runtimes import RaceTarget
from engine.settings import Budget, Goal
from engine.training.context import TrainingContext


@dataclass(frozen=True, kw_only=True)
class SearchContext(StepContext):
    """What a step that times models needs."""

    measure_lock: Callable[[], AbstractContextManager[object]]
    """A lock to hold while something is timed, so that no other job of this home measures meanwhile.

    Other runs do not stop computing for it: `watched` (engine/measure/contention.py) notices where they take cores.
    """


@dataclass(frozen=True, kw_only=True)
class RaceContext(SearchContext, TrainingContext):
    """What a search that judges its candidates by the run's budget and goal needs; the last of them are trained."""

    budget: Budget
    goal: Goal
    baseline: OnnxModel | None
    """The model that the run holds its budget against; None where it is the step's own model."""
    placements: Path | None
    """The file of the placements that won earlier races, or None where they are not remembered."""
    on_candidate: Callable[[CandidateResult], None]
    """Adds a candidate to the report and writes it, or updates its figures there."""
    race_targets: tuple[RaceTarget, ...]
    """What every candidate is raced at, `target` first; empty where that is the only one."""

    @property
    def first_target(self) -> RaceTarget:
        """What FP32 is timed at, which every ratio is to."""
        return self.race_targets[0] if self.race_targets else RaceTarget("", self.target)


@dataclass(frozen=True, kw_only=True)
class RatioContext(SearchContext, TrainingContext):
    """What the search for a pruning ratio needs: its tries train between rounds, and are exported to be measured."""

    export: Callable[[TorchModel], OnnxModel]
    """The ONNX file of a torch model, made once."""


def no_candidate(candidate: CandidateResult) -> None:
    """Does nothing with a candidate, for a caller who wants the winner alone."""
