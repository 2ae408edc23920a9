"""Latency: interleaved rounds of all files, one live session at a time, ratios taken within a round.

A shared machine drifts by tens of percent within seconds. Within one round the baseline and the variants see the same
drift, so the ratio of their medians is stable where the medians are not.

One estimator stands behind every figure: the baseline's p50 is the median of all its calls, a variant's ratio is the
median over the rounds of its median by the baseline's, and all else of the variant (milliseconds, times as fast, images
per second, with their intervals) is that ratio at the scale of the baseline's p50. So they agree wherever they stand.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.measure.statistics import bootstrap
from engine.models.artifacts import OnnxModel
from engine.results import Latency, Throughput
from engine.runtimes import open_session
from engine.settings import Target

N_ROUNDS, FEWEST_ROUNDS = 12, 3
MAX_WARMUP, WARMUP_SECONDS = 5, 0.5
TURN_SECONDS = 0.15
MIN_CALLS, MAX_CALLS = 3, 200


@dataclass(frozen=True)
class Turn:
    """The timed calls of one file in one round, in milliseconds, after `n_warmup` that do not count."""

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

    `target.threads` must be a number. After `deadline`, in seconds of time.monotonic(), no round is begun but the first
    FEWEST_ROUNDS. Raises TargetError and RunError as open_session does.
    """
    return compare(take_turns(models, target, images, on_round, n_rounds, deadline), baseline, target)


def take_turns(
    models: Mapping[str, OnnxModel],
    target: Target,
    images: np.ndarray,
    on_round: Callable[[int, int], None] = lambda done, total: None,
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
) -> dict[str, list[Turn]]:
    """One turn of every model a round, for `compare`; everything as in `measure_latency`.

    Every other round runs in reverse order, so that nobody always follows the same neighbour.
    """
    turns: dict[str, list[Turn]] = {id: [] for id in models}
    for number in range(n_rounds):
        if number >= FEWEST_ROUNDS and time.monotonic() >= deadline:
            break
        order = list(models) if number % 2 == 0 else list(models)[::-1]
        for id in order:
            turns[id].append(_turn(models[id], target, images))
        on_round(number + 1, n_rounds)
    return turns


def compare(turns: Mapping[str, list[Turn]], baseline: str, target: Target) -> dict[str, tuple[Latency, Throughput]]:
    """Latency and throughput of every model, with its ratio to any one of them in the same rounds."""
    base = turns[baseline]
    return {id: _summary(own, base, target) for id, own in turns.items()}


def _turn(model: OnnxModel, target: Target, images: np.ndarray) -> Turn:
    with open_session(model.path, target, input_name=model.input_name, output_name=model.output_name) as session:
        warm = [_timed(session, images)]
        while len(warm) < MAX_WARMUP and sum(warm) < WARMUP_SECONDS:
            warm.append(_timed(session, images))
        n_calls = int(np.clip(TURN_SECONDS / min(warm), MIN_CALLS, MAX_CALLS))
        calls = np.array([_timed(session, images) for _ in range(n_calls)])
        return Turn(calls * 1000, len(warm), session.options)


def _timed(session: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> float:
    start = time.perf_counter()
    session(images)
    return time.perf_counter() - start


def _summary(turns: list[Turn], base: list[Turn], target: Target) -> tuple[Latency, Throughput]:
    ratios = _medians(turns) / _medians(base)
    ratio, (low, high) = float(np.median(ratios)), bootstrap(ratios)
    calls, base_ms = _calls(turns), float(np.median(_calls(base)))
    p50_ms = base_ms * ratio
    latency = Latency(
        runtime=target.runtime,
        provider=target.provider,
        threads=target.threads or 1,
        batch_size=target.batch_size,
        p50_ms=p50_ms,
        p95_ms=p50_ms * float(np.percentile(calls, 95) / np.median(calls)),
        n_runs=len(calls),
        n_rounds=len(turns),
        n_warmup=min(turn.n_warmup for turn in turns),
        session_options=turns[0].options,
        ratio_to_baseline=ratio,
        ratio_low=low,
        ratio_high=high,
    )
    ends = _spread(base, base_ms) if turns is base else (base_ms * low, base_ms * high)
    return latency, _throughput(p50_ms, *ends, target.batch_size)


def _throughput(p50_ms: float, low_ms: float, high_ms: float, batch_size: int) -> Throughput:
    per_s, slowest, fastest = (batch_size * 1000 / ms for ms in (p50_ms, high_ms, low_ms))
    return Throughput(batch_size=batch_size, images_per_s=per_s, low=slowest, high=fastest)


def _spread(base: list[Turn], base_ms: float) -> tuple[float, float]:
    """The interval of the baseline's p50, which has no ratio of its own: over its rounds, and p50 inside of it."""
    low, high = bootstrap(_medians(base))
    return min(low, base_ms), max(high, base_ms)


def _medians(turns: list[Turn]) -> np.ndarray:
    """(n_rounds,): the median of each round's calls, in milliseconds."""
    return np.array([np.median(turn.calls_ms) for turn in turns])


def _calls(turns: list[Turn]) -> np.ndarray:
    """All calls of all rounds, in milliseconds."""
    return np.concatenate([turn.calls_ms for turn in turns])
