"""One fraction for a whole run: the share of its seconds that is done, as well as they are known beforehand."""

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from engine.planning.estimate import PlannedPhase
from engine.store.progress import Progress
from engine.store.timings import PhaseTiming

REUSED = "computed before, reused"


class RunProgress:
    """Goes through the planned phases of a run. What is left out of the plan no longer counts, so that the fraction
    ends at 1 and never falls."""

    def __init__(self, progress: Progress, plan: Iterable[PlannedPhase]) -> None:
        self._progress = progress
        self._left = list(plan)
        self._done: list[PlannedPhase] = []
        self._now: PlannedPhase | None = None
        self._highest = 0.0
        self._parts_with_events: set[str] = set()
        self.waited = 0.0
        """Seconds spent so far in waiting for others."""
        self.timings: dict[str, PhaseTiming] = {}
        """What was estimated and measured so far, by phase, of all that was done as the formula counts it."""

    def begin(self, part: str, phase: str, began: float | None = None) -> "Phase":
        """The next phase, which ends the one before it; planned ones that were to come between are left out.

        One that is not planned, or was done before, takes no share. `began` is in seconds of time.monotonic(), where it
        did so before now.
        """
        if self._now is not None:
            self._done.append(self._now)
        ahead = [one for one in self._left if (one.part, one.phase) == (part, phase)][:1]
        if ahead:
            del self._left[: self._left.index(ahead[0]) + 1]
        self._now = ahead[0] if ahead else None
        return Phase(self, part, phase, time.monotonic() if began is None else began, self.waited)

    def leave_out(self, part: str, phase: str) -> None:
        """Count the phase that was just begun no longer, since all of it was there; told where the part is silent."""
        self._now = None
        if part not in self._parts_with_events:
            self.on_progress(part, phase, 0.0, REUSED)

    def learn(self, seconds: float, share: float = 1.0) -> None:
        """Note what the phase that was just begun has taken, where so many times was done what is planned of it."""
        planned = self._now
        estimated = share * planned.formula_seconds if planned is not None else 0.0
        if planned is None or not estimated:
            return
        before = self.timings.get(planned.phase)
        self.timings[planned.phase] = PhaseTiming(
            estimated_seconds=estimated + (before.estimated_seconds if before else 0.0),
            measured_seconds=seconds + (before.measured_seconds if before else 0.0),
        )

    def on_progress(self, part: str, phase: str, fraction: float, message: str, **metrics: float) -> None:
        """Tell an event of the phase, of which `fraction` is done."""
        self._parts_with_events.add(part)
        self._highest = max(self._highest, self._share(fraction))
        self._progress.emit(part, phase, self._highest, message, step_fraction=self._share(fraction, part), **metrics)

    @contextmanager
    def holding(self, lock: AbstractContextManager[object]) -> Iterator[None]:
        """Hold a lock; how long others have kept it says nothing about the phase, and counts in no timing."""
        began = time.monotonic()
        with lock:
            self.waited += time.monotonic() - began
            yield

    def _share(self, fraction: float, part: str | None = None) -> float:
        """What is done of the whole run, or of a part of it, where `fraction` of the phase under way is done."""
        done, now, left = (
            sum(one.seconds for one in phases if part in (None, one.part))
            for phases in (self._done, [self._now] if self._now else [], self._left)
        )
        total = done + now + left
        return (done + fraction * now) / total if total else fraction


@dataclass(frozen=True)
class Phase:
    """A phase under way: a Tell of what is done in it."""

    run_progress: RunProgress
    part: str
    name: str
    began: float
    waited_before: float

    def __call__(self, fraction: float, message: str, **metrics: float) -> None:
        self.run_progress.on_progress(self.part, self.name, fraction, message, **metrics)

    def end(self, *, reused: bool = False, fresh: bool = True) -> None:
        """It is over: all of it was there already (`reused`), or all of it was done now (`fresh`), or neither."""
        if reused:
            self.run_progress.leave_out(self.part, self.name)
        elif fresh:
            self.learn()

    def learn(self, share: float = 1.0) -> None:
        """Note what it has taken so far, where so many times was done what is planned of it."""
        self.run_progress.learn(time.monotonic() - self.began - (self.run_progress.waited - self.waited_before), share)
