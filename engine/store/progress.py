"""Progress of a job, as events."""

from collections.abc import Callable

from engine.results import Event
from engine.store.folders import JobFolder, now


class Progress:
    """Turns calls into events and passes them to a job's folder, or to any function that takes an Event."""

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
        """Emit one event; metrics have units in their names.

        `fraction` (0 to 1) is that of the whole job, or of this part of it, `step_fraction` that of the step alone.
        """
        overall = self._start + _share(fraction) * (self._end - self._start)
        own = None if step_fraction is None else round(_share(step_fraction), 4)
        self._sink(
            Event(
                time=now(),
                step=step,
                phase=phase,
                fraction=round(overall, 4),
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
