"""What serving a bundle on this machine came to: every setting under load, and what follows from it."""

from typing import Literal

from engine.results.base import Environment, Note, Result

CellState = Literal["waiting", "measured", "failed"]


class LoadPoint(Result):
    """The server under requests that arrive at random, `rate` of them a second on average.

    `per_s` are the answers a second; `failed` the share that got none or a refusal. Latencies are from the moment at
    which a request was due, ms: of each repeat the percentile, and of those the median; `p99_low_ms` and
    `p99_high_ms` are the lowest and the highest of the `n_repeats`. `hit_rate` is the share that the cache answered.
    """

    rate: float
    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p99_low_ms: float
    p99_high_ms: float
    hit_rate: float
    failed: float
    n_requests: int
    n_repeats: int


class SimulatedPoint(Result):
    """What a simulation of the queue says of a measured point, and by which share it is off."""

    rate: float
    per_s: float
    p99_ms: float
    per_s_off: float
    p99_off: float

    @property
    def off(self) -> float:
        """The larger of the two shares."""
        return max(self.per_s_off, self.p99_off)


class ServiceTimes(Result):
    """What one call of the model takes, ms, by its number of images, and what is added for each of them.

    `added_ms` is what reading, preparing and answering an image takes beside the call, from the throughput of full
    batches.
    """

    call_ms: dict[int, float]
    added_ms: float


class ServeCell(Result):
    """One setting: the answers a second with as many requests at once as help (`per_s`, with the lowest and the highest
    of the repeats), and points below that. The simulation and its service times are of cells without a cache."""

    max_batch_size: int
    batch_timeout_ms: float
    cached: bool
    state: CellState = "waiting"
    per_s: float | None = None
    per_s_low: float | None = None
    per_s_high: float | None = None
    mean_batch: float | None = None
    points: tuple[LoadPoint, ...] = ()
    times: ServiceTimes | None = None
    simulated: tuple[SimulatedPoint, ...] = ()
    note: Note | None = None

    @property
    def disagreement(self) -> float | None:
        """By which share the simulation is off at the worst of the measured points; None where it was not made."""
        return max((point.off for point in self.simulated), default=None)

    def within(self, limit_ms: float | None) -> LoadPoint | None:
        """The measured point with the most answers a second whose p99 is within the limit and where none failed."""
        points = [one for one in self.points if one.failed == 0 and (limit_ms is None or one.p99_ms <= limit_ms)]
        return max(points, key=lambda one: one.per_s, default=None)


class ServeBench(Result):
    """The settings in the order of their turns; see ServeBenchRequest.

    `n_images` different images are asked for, the first of them most often, as Zipf's law with `zipf` says.
    """

    label: str
    run: str
    variant: str
    cells: tuple[ServeCell, ...]
    max_p99_ms: float | None
    n_images: int
    zipf: float
    n_clients: int
    complete: bool = False
    warnings: tuple[Note, ...] = ()
    environment: Environment

    @property
    def measured(self) -> tuple[ServeCell, ...]:
        return tuple(cell for cell in self.cells if cell.state == "measured")

    def best_within(self, limit_ms: float | None, *, cached: bool) -> ServeCell | None:
        """The setting that answers most a second with its p99 within the limit; None where none does."""
        rates = {
            number: point.per_s
            for number, cell in enumerate(self.cells)
            if cell.cached == cached and (point := cell.within(limit_ms)) is not None
        }
        return self.cells[max(rates, key=lambda number: rates[number])] if rates else None
