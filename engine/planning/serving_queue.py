"""The queue of a server that collects batches, simulated from measured service times.

Requests arrive at random (a Poisson process); one worker serves them in their order. The worker is LitServe's loop: it
collects for a while, at most so many, and begins again where nobody came
(https://github.com/Lightning-AI/LitServe, loops/base.py, collate_requests).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.results.serving import ServiceTimes

MAX_DISAGREEMENT = 0.25
"""A simulation that is further off what was measured says nothing of what was not."""
N_REQUESTS = 20_000


class QueueFigures(NamedTuple):
    """Answers a second, and percentiles of the time from a request's arrival to its answer, ms."""

    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def simulate(
    times: ServiceTimes, max_batch_size: int, timeout_ms: float, rate: float, n: int = N_REQUESTS, seed: int = 0
) -> QueueFigures:
    """The queue at `rate` requests a second, over `n` of them."""
    arrivals = arrival_times(rate, n, seed)
    waits = np.empty(n)
    service = [0.0] + [service_s(times, size) for size in range(1, max_batch_size + 1)]
    window = timeout_ms / 1000 if max_batch_size > 1 else 0.0
    free, first, arrival_list = 0.0, 0, arrivals.tolist()
    while first < n:
        after, start = _batch(arrival_list, first, free, max_batch_size, window)
        free = start + service[after - first]
        waits[first:after] = free - arrivals[first:after]
        first = after
    p50, p95, p99 = (1000 * float(value) for value in np.percentile(waits, (50, 95, 99)))
    return QueueFigures(n / max(free, float(arrivals[-1])), p50, p95, p99)


def arrival_times(rate: float, n: int, seed: int) -> NDArray[np.float64]:
    """Seconds at which `n` requests of a Poisson process arrive, (n,)."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, n))


def service_s(times: ServiceTimes, size: int) -> float:
    """Seconds of a batch: between measured sizes on a line, beyond the largest in proportion."""
    sizes = sorted(times.call_ms)
    calls = [times.call_ms[one] for one in sizes]
    call = calls[-1] * size / sizes[-1] if size > sizes[-1] else float(np.interp(size, sizes, calls))
    return (call + size * times.added_ms) / 1000


def _batch(arrivals: list[float], first: int, free: float, size: int, window: float) -> tuple[int, float]:
    """The request after the last one of the batch that begins with `first`, and when its service starts.

    `free` is when the worker began to collect; a window in which nobody came is followed by another.
    """
    if size == 1:
        return first + 1, max(free, arrivals[first])
    if arrivals[first] > free:
        free += math.floor((arrivals[first] - free) / window) * window
    end, after = free + window, first
    while after < len(arrivals) and after - first < size and arrivals[after] <= end:
        after += 1
    after = max(after, first + 1)
    full = after - first == size
    return after, max(free, arrivals[after - 1]) if full else end
