"""The minutes of a run, shared out so that no chain leaves nothing to those after it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.planning.estimate import PlannedPhase
from engine.planning.parts import BASELINE, plan_parts
from engine.settings import Recipe

RESERVE = 2.0
"""What is kept for a later chain, in times of its plan, since an estimate may be too low."""


@dataclass(frozen=True)
class TimeBudget:
    """The end of a run's minutes in seconds of time.monotonic(), and the plan of its baseline and its chains."""

    end: float
    planned_seconds: tuple[float, ...]
    """Estimated: the baseline's first, then each chain's, without the steps that an earlier chain does for it."""

    @classmethod
    def of(cls, recipe: Recipe, plan: Iterable[PlannedPhase], now: float) -> "TimeBudget":
        """The budget of a run whose minutes begin `now`, by its planned phases."""
        chains = {part.key: part.chain for part in plan_parts(recipe)}
        seconds = [0.0] * (1 + len(recipe.chains))
        for phase in plan:
            chain = chains[phase.part]
            if chain is not None:
                seconds[1 + chain] += phase.seconds
            elif phase.part == BASELINE:
                seconds[0] += phase.seconds
        return cls(now + recipe.budget.minutes * 60, tuple(seconds))

    def baseline_deadline(self, now: float) -> float:
        """When searching and training for the baseline end, where that begins `now`."""
        return now + available_seconds(self.end - now, self.planned_seconds[1:])

    def chain_deadline(self, chain: int, now: float) -> float:
        """When searching and training in this chain (counted from 0) end, where that begins `now`."""
        return now + available_seconds(self.end - now, self.planned_seconds[2 + chain :])


def available_seconds(remaining: float, planned_later: Sequence[float]) -> float:
    """The seconds that one of several has, of those that remain, where the others come later.

    What is expected to need less than an equal share keeps what it needs; all others share the rest equally.
    """
    n_sharing = 1 + len(planned_later)
    for need in sorted(RESERVE * planned for planned in planned_later):
        if need > remaining / n_sharing:
            break
        remaining, n_sharing = remaining - need, n_sharing - 1
    return remaining / n_sharing
