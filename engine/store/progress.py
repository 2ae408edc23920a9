"""How a job says what it is doing."""

from collections.abc import Callable

from engine.results import Event
from engine.store.folders import JobFolder, now


class Progress:
    """Turns calls into events, for a job's folder or for any function that takes an Event."""

    def __init__(self, sink: JobFolder | Callable[[Event], None]) -> None:
        self._sink = sink.append_event if isinstance(sink, JobFolder) else sink
        self._start, self._end = 0.0, 1.0

    def emit(
        self,
        step: str,
        phase: str,
        fraction: float,
        message: str,
        *,
        step_fraction: float | None = None,
        **metrics: float,
    ) -> None:
        """Tell one event. `fraction` (0 to 1) is of the whole job, or of this part of it, `step_fraction` of the step
        alone; metrics have units in their names."""
        whole = self._start + _share(fraction) * (self._end - self._start)
        own = None if step_fraction is None else round(_share(step_fraction), 4)
        self._sink(
            Event(
                time=now(),
                step=step,
                phase=phase,
                fraction=round(whole, 4),
                message=message,
                metrics=metrics,
                step_fraction=own,
            )
        )

    def part(self, start: float, end: float) -> "Progress":
        """The same sink, for work that covers `start` to `end` of this one's fraction."""
        part = Progress(self._sink)
        width = self._end - self._start
        part._start, part._end = self._start + start * width, self._start + end * width
        return part


def _share(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
