"""Latency: interleaved rounds of all files, one live session at a time, ratios taken within a round.

A shared machine drifts by tens of percent within seconds. Within one round the baseline and the variants see the same
drift, so the ratio of their medians is stable where the medians are not.

All figures come from one estimator. The baseline's p50 is the median of all its calls. A variant's ratio is the median,
over the rounds, of its median divided by the baseline's. A variant's p50 is the product of the two, not the median of
its own calls, and images per second follow from it. So all figures agree with each other.

All intervals come from one bootstrap over the rounds: that of the ratio from the ratios of the resampled rounds, that
of a p50 from the product of the baseline's p50 and the ratio over the same resampled rounds. A product of two uncertain
figures is less certain than its ratio alone.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.measure.statistics import percentiles, resamples
from engine.models.artifacts import OnnxModel
from engine.results import Latency, Throughput
from engine.runtimes import open_session
from engine.settings import Target

N_ROUNDS, FEWEST_ROUNDS = 12, 3
MAX_WARMUP, WARMUP_SECONDS = 5, 0.5
ROUND_SECONDS = 0.15
MIN_CALLS, MAX_CALLS = 3, 200


@dataclass(frozen=True)
class RoundTiming:
    """The timed calls of one file in one round, in milliseconds, after `n_warmup` calls that do not count."""

    calls_ms: np.ndarray
    n_warmup: int
    options: dict[str, str]


def measure_latency(
    models: Mapping[str, OnnxModel],
    baseline: str,
    target: Target,
    images: np.ndarray,
    on_round: Callable[[int, int], None] = lambda done, total: None,
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
) -> dict[str, tuple[Latency, Throughput]]:
    """Latency and throughput of every model; `images` is one batch (batch_size, C, H, W) float32 a model's input.

    `target.threads` must be a number. After `deadline`, in seconds of time.monotonic(), no round begins but the first
    FEWEST_ROUNDS. Raises TargetError and RunError as open_session does.
    """
    return compare(time_rounds(models, target, images, on_round, n_rounds, deadline), baseline, target)


def time_rounds(
    models: Mapping[str, OnnxModel],
    target: Target,
    images: np.ndarray,
    on_round: Callable[[int, int], None] = lambda done, total: None,
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
) -> dict[str, list[RoundTiming]]:
    """The timings of every model, one a round, for `compare`; arguments and errors as of `measure_latency`.

    Every other round runs in reverse order, so that no model always follows the same one.
    """
    timings: dict[str, list[RoundTiming]] = {id: [] for id in models}
    for number in range(n_rounds):
        if number >= FEWEST_ROUNDS and time.monotonic() >= deadline:
            break
        order = list(models) if number % 2 == 0 else list(models)[::-1]
        for id in order:
            timings[id].append(_time_model(models[id], target, images))
        on_round(number + 1, n_rounds)
    return timings


def compare(
    timings: Mapping[str, list[RoundTiming]], baseline: str, target: Target
) -> dict[str, tuple[Latency, Throughput]]:
    """Latency and throughput of every model, with its ratio to any one of them in the same rounds."""
    reference = _Baseline.of(timings[baseline])
    return {id: _summary(model_timings, reference, target) for id, model_timings in timings.items()}


@dataclass(frozen=True)
class _Baseline:
    """What every model is compared with: `rounds` (N_RESAMPLES, n_rounds) int are the rounds of each resample.

    `medians_ms` (n_rounds,) are its medians by round, `p50_ms` is the median of all its calls, and `p50s_ms`
    (N_RESAMPLES,) is that over the rounds of each resample.
    """

    medians_ms: np.ndarray
    p50_ms: float
    rounds: np.ndarray
    p50s_ms: np.ndarray

    @classmethod
    def of(cls, timings: list[RoundTiming]) -> "_Baseline":
        rounds = resamples(len(timings))
        p50s_ms = np.array([_p50_ms([timings[number] for number in numbers]) for numbers in rounds])
        return cls(_medians(timings), _p50_ms(timings), rounds, p50s_ms)


def _time_model(model: OnnxModel, target: Target, images: np.ndarray) -> RoundTiming:
    with open_session(model.path, target, input_name=model.input_name, output_name=model.output_name) as session:
        warmup_seconds = [_call_seconds(session, images)]
        while len(warmup_seconds) < MAX_WARMUP and sum(warmup_seconds) < WARMUP_SECONDS:
            warmup_seconds.append(_call_seconds(session, images))
        n_calls = int(np.clip(ROUND_SECONDS / min(warmup_seconds), MIN_CALLS, MAX_CALLS))
        calls = np.array([_call_seconds(session, images) for _ in range(n_calls)])
        return RoundTiming(calls * 1000, len(warmup_seconds), session.options)


def _call_seconds(session: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> float:
    start = time.perf_counter()
    session(images)
    return time.perf_counter() - start


def _summary(timings: list[RoundTiming], reference: _Baseline, target: Target) -> tuple[Latency, Throughput]:
    ratios = _medians(timings) / reference.medians_ms
    resampled = np.median(ratios[reference.rounds], axis=1)
    ratio, (low, high) = float(np.median(ratios)), percentiles(resampled)
    p50_ms = reference.p50_ms * ratio
    calls = _calls(timings)
    latency = Latency(
        runtime=target.runtime,
        provider=target.provider,
        threads=target.threads or 1,
        batch_size=target.batch_size,
        p50_ms=p50_ms,
        p95_ms=p50_ms * float(np.percentile(calls, 95) / np.median(calls)),
        n_runs=len(calls),
        n_rounds=len(timings),
        n_warmup=min(timing.n_warmup for timing in timings),
        session_options=timings[0].options,
        ratio_to_baseline=ratio,
        ratio_low=low,
        ratio_high=high,
    )
    return latency, _throughput(p50_ms, percentiles(reference.p50s_ms * resampled), target.batch_size)


def _throughput(p50_ms: float, ends_ms: tuple[float, float], batch_size: int) -> Throughput:
    per_s, high, low = (batch_size * 1000 / ms for ms in (p50_ms, *ends_ms))
    return Throughput(batch_size=batch_size, images_per_s=per_s, low=low, high=high)


def _medians(timings: list[RoundTiming]) -> np.ndarray:
    """(n_rounds,): the median of each round's calls, in milliseconds."""
    return np.array([np.median(timing.calls_ms) for timing in timings])


def _p50_ms(timings: list[RoundTiming]) -> float:
    """The median of all calls of these rounds."""
    return float(np.median(_calls(timings)))


def _calls(timings: list[RoundTiming]) -> np.ndarray:
    """All calls of all rounds, in milliseconds."""
    return np.concatenate([timing.calls_ms for timing in timings])
