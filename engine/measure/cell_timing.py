"""The latency of one file at one target, timed in short rounds of its own, between which others are timed."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.measure.latency import FEWEST_ROUNDS, RoundTiming, time_rounds
from engine.measure.statistics import trimmed_mean
from engine.models.artifacts import OnnxModel
from engine.settings import Target
from engine.tasks import Inputs

FILE = "file"


class RoundFigures(NamedTuple):
    """Milliseconds of one call, from the calls that nothing disturbed; the interval is None before the third round."""

    p50_ms: float
    low_ms: float | None
    high_ms: float | None
    p95_ms: float
    n_rounds: int
    n_runs: int
    n_disturbed: int


def time_round(model: OnnxModel, target: Target, inputs: Inputs) -> RoundTiming:
    """The calls of one round: a second one, after a wait for a quiet machine, where too few of the first count.

    Raises what `measure_latency` raises, LimitError with the code memory where there is too little of it.
    """
    return time_rounds({FILE: model}, target, inputs, n_rounds=1)[FILE][-1]


def round_figures(timings: Sequence[RoundTiming]) -> RoundFigures | None:
    """The figures of the rounds so far; None where no round counts.

    The p50 is the trimmed mean, over the rounds that count, of the logarithm of their medians. Its interval says how
    much the machine drifted from round to round, too.
    """
    rounds = [ms for timing in timings if len(ms := timing.undisturbed_ms)]
    if not rounds:
        return None
    log_medians = np.log([np.median(ms) for ms in rounds])
    calls = np.concatenate(rounds)
    p50_ms, low_ms, high_ms = math.exp(float(log_medians.mean())), None, None
    if len(rounds) >= FEWEST_ROUNDS:
        p50_ms, low_ms, high_ms = trimmed_mean(log_medians).exp()
    return RoundFigures(
        p50_ms=p50_ms,
        low_ms=low_ms,
        high_ms=high_ms,
        p95_ms=p50_ms * float(np.percentile(calls, 95) / np.median(calls)),
        n_rounds=len(rounds),
        n_runs=len(calls),
        n_disturbed=sum(len(timing.calls.ms) for timing in timings) - len(calls),
    )


def least_ms(timing: RoundTiming) -> float:
    """The shortest call of a round, which hardly depends on what else the machine does."""
    return float(timing.calls.ms.min())
