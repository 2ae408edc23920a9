"""One fraction for a whole run: the share of its estimated seconds that is done."""

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from engine.planning.estimate import PlannedPhase
from engine.planning.parts import ALL_VARIANTS, LATENCY
from engine.store.progress import Progress
from engine.store.timings import PhaseTiming

REUSED = "computed before, reused"


class RunProgress:
    """The progress through the planned phases of a run.

    A phase that is left out no longer counts, so that the fraction ends at 1 and never falls.
    """

    def __init__(self, progress: Progress, plan: Iterable[PlannedPhase]) -> None:
        self._progress = progress
        self._remaining = list(plan)
        self._done: list[PlannedPhase] = []
        self._current: PlannedPhase | None = None
        self._highest = 0.0
        self._parts_with_events: set[str] = set()
        self.waited = 0.0
        """Seconds spent so far in waiting for others."""
        self.timings: dict[str, PhaseTiming] = {}
        """Estimated and measured seconds so far, by phase, of the work that the formula estimates."""

    def begin(self, part: str, phase: str, began: float | None = None) -> "Phase":
        """The next phase, which ends the one before it; planned ones that were to come between are left out.

        One that is not planned, or was done before, takes no share. `began` is in seconds of time.monotonic(), where it
        did so before now.
        """
        if self._current is not None:
            self._done.append(self._current)
        matching = [one for one in self._remaining if (one.part, one.phase) == (part, phase)][:1]
        if matching:
            del self._remaining[: self._remaining.index(matching[0]) + 1]
        self._current = matching[0] if matching else None
        return Phase(self, part, phase, time.monotonic() if began is None else began, self.waited)

    def leave_out(self, part: str, phase: str) -> None:
        """Takes the phase that was just begun out of the total, since its result was reused.

        Emits an event where its part has none yet.
        """
        self._current = None
        if part not in self._parts_with_events:
            self.on_progress(part, phase, 0.0, REUSED)

    def learn(self, seconds: float, share: float = 1.0) -> None:
        """Adds the seconds of the phase under way to the timings; `share` is the share of its plan that was done."""
        planned = self._current
        estimated = share * planned.formula_seconds if planned is not None else 0.0
        if planned is None or not estimated:
            return
        before = self.timings.get(planned.phase)
        self.timings[planned.phase] = PhaseTiming(
            estimated_seconds=estimated + (before.estimated_seconds if before else 0.0),
            measured_seconds=seconds + (before.measured_seconds if before else 0.0),
        )

    def on_progress(self, part: str, phase: str, fraction: float, message: str, **metrics: float) -> None:
        """Emits an event of the phase, of which `fraction` is done."""
        self._parts_with_events.add(part)
        self._highest = max(self._highest, self._share(fraction))
        self._progress.emit(part, phase, self._highest, message, step_fraction=self._share(fraction, part), **metrics)

    def on_wait(self, holder: str) -> None:
        """Emits an event that names the job for which this one waits before it measures."""
        part, phase = (self._current.part, self._current.phase) if self._current else (ALL_VARIANTS, LATENCY)
        self._progress.emit(part, phase, self._highest, f"waiting for its turn to measure: '{holder}' measures")

    @contextmanager
    def holding(self, lock: AbstractContextManager[object]) -> Iterator[None]:
        """Holds a lock; the time that it waits for others is not part of the phase, and counts in no timing."""
        began = time.monotonic()
        with lock:
            self.waited += time.monotonic() - began
            yield

    def _share(self, fraction: float, part: str | None = None) -> float:
        """The share of the whole run, or of a part of it, that is done, with `fraction` of the phase under way."""
        done, current, left = (
            sum(one.seconds for one in phases if part in (None, one.part))
            for phases in (self._done, [self._current] if self._current else [], self._remaining)
        )
        total = done + current + left
        return (done + fraction * current) / total if total else fraction


@dataclass(frozen=True)
class Phase:
    """A phase under way: a ProgressCallback for the share of it that is done."""

    run_progress: RunProgress
    part: str
    name: str
    began: float
    waited_before: float

    def __call__(self, fraction: float, message: str, **metrics: float) -> None:
        self.run_progress.on_progress(self.part, self.name, fraction, message, **metrics)

    def end(self, *, reused: bool = False, fresh: bool = True) -> None:
        """Ends the phase: its result was reused (`reused`), or all of it was computed now (`fresh`), or neither."""
        if reused:
            self.run_progress.leave_out(self.part, self.name)
        elif fresh:
            self.learn()

    def learn(self, share: float = 1.0) -> None:
        """Adds its seconds so far to the timings; `share` is the share of its plan that was done."""
        self.run_progress.learn(time.monotonic() - self.began - (self.run_progress.waited - self.waited_before), share)
