"""One fraction for a whole job, out of the fractions of its parts."""

from dataclasses import dataclass, field

from engine.store.progress import Progress
from engine.techniques.context import Tell


@dataclass
class Meter:
    """Lays the parts of a job one after the other; `total` is the sum of the units of all parts."""

    progress: Progress
    total: float
    done: float = field(default=0.0, init=False)

    @property
    def rest(self) -> float:
        """The units that no part has taken yet."""
        return self.total - self.done

    def part(self, step: str, phase: str, units: float) -> Tell:
        """A new part that begins where the last one ends; what is told of it goes to the job's events."""
        start, end = self.done / self.total, (self.done + units) / self.total
        self.done += units
        progress = self.progress.part(min(1.0, start), min(1.0, end))

        def tell(fraction: float, message: str, **metrics: float) -> None:
            progress.emit(step, phase, fraction, message, **metrics)

        return tell
