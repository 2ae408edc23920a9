"""The result of a sweep: one file at every combination of batch size, threads and streams."""

import math
from itertools import product
from typing import Literal

from engine.results.base import Environment, Note, Result
from engine.results.measurements import Answer
from engine.settings import Target, VariantFile

BATCH = "batch_size"
"""The axis with a column a value."""
CellState = Literal["waiting", "measured", "skipped", "failed"]


class SweepCell(Result):
    """The speed of one call at one target.

    `p50_ms` is the trimmed mean over the rounds of a round's median, on a logarithmic scale, with its 95 % interval
    `low_ms` to `high_ms`; these are null before the third round that counts. Only calls that no other program disturbed
    count: `n_runs` of them, beside `n_disturbed` that were left out. `note` says why a cell was skipped, or failed.

    Where more than one call was `in_flight`, one on each stream, a call's time is what it takes among the others, and a
    run is a burst of several calls on each stream.
    """

    target: Target
    state: CellState = "waiting"
    p50_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    p95_ms: float | None = None
    n_rounds: int = 0
    n_runs: int = 0
    n_disturbed: int = 0
    note: Note | None = None
    in_flight: int = 1

    @property
    def images_per_s(self) -> float | None:
        """Examples a second: one call after the other, on each stream where there are several."""
        return self._per_s(self.p50_ms)

    @property
    def images_per_s_low(self) -> float | None:
        return self._per_s(self.high_ms)

    @property
    def images_per_s_high(self) -> float | None:
        return self._per_s(self.low_ms)

    def within(self, limit_ms: float | None) -> Answer:
        """Whether a call takes at most so long: unclear where the interval reaches beyond it, or is not known."""
        if limit_ms is None:
            return "yes"
        if self.p50_ms is None or self.p50_ms > limit_ms:
            return "no"
        return "yes" if self.high_ms is not None and self.high_ms <= limit_ms else "unclear"

    def _per_s(self, ms: float | None) -> float | None:
        return None if ms is None else self.in_flight * self.target.batch_size * 1000 / ms


class Sweep(Result):
    """The cells of a sweep, row by row, in each the smallest batch first; see SweepRequest.axes.

    `axes` are the fields of the target that vary. `measuring` is the position of the cell that was being timed when
    this was written, null once the sweep has ended; `n_rounds` is how often each was to be timed.
    """

    file: VariantFile
    axes: dict[str, tuple[int, ...]]
    cells: tuple[SweepCell, ...]
    max_latency_ms: float | None
    n_rounds: int
    measuring: int | None = None
    complete: bool = False
    warnings: tuple[Note, ...] = ()
    environment: Environment

    @property
    def target(self) -> Target:
        """That of the first cell, whose runtime and options all have; without streams where these vary."""
        first = self.cells[0].target
        return first.model_copy(update={"streams": None}) if "streams" in self.axes else first

    @property
    def measured(self) -> tuple[SweepCell, ...]:
        return tuple(cell for cell in self.cells if cell.p50_ms is not None)

    def best_within(self, limit_ms: float | None) -> SweepCell | None:
        """The cell with the most examples a second whose call takes at most so long; None where there is none."""
        within = [cell for cell in self.measured if cell.within(limit_ms) != "no"]
        return max(within, key=lambda cell: cell.images_per_s or 0.0, default=None)

    def quicker_equal(self, best: SweepCell, limit_ms: float | None) -> SweepCell | None:
        """The cell of the shortest call whose images a second cannot be told from those of the best one.

        Their intervals meet. None where no other cell's call within the limit is shorter.
        """
        equals = [
            cell
            for cell in self.measured
            if cell.within(limit_ms) != "no"
            and (cell.images_per_s_high or 0.0) >= (best.images_per_s_low or math.inf)
            and (cell.p50_ms or math.inf) < (best.p50_ms or 0.0)
        ]
        return min(equals, key=lambda cell: cell.p50_ms or math.inf, default=None)

    @property
    def rows(self) -> tuple[dict[str, int], ...]:
        """The values of all axes but that of the batch size, by name, of the rows that have a cell."""
        names = [name for name in self.axes if name != BATCH]
        rows = [dict(zip(names, values, strict=True)) for values in product(*(self.axes[name] for name in names))]
        return tuple(row for row in rows if self.cell(**row) is not None)

    def cell(self, **values: int) -> SweepCell | None:
        """The cell with these values of the axes, or None."""
        return next(
            (cell for cell in self.cells if all(getattr(cell.target, name) == one for name, one in values.items())),
            None,
        )
