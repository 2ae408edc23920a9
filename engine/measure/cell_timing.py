"""The latency of one file at one target, timed in short rounds of its own, between which others are timed."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from engine.measure.calls import time_turn
from engine.measure.contention import wait_for_quiet
from engine.measure.latency import FEWEST_ROUNDS, QUIET_SECONDS, RoundTiming, time_rounds
from engine.measure.statistics import trimmed_mean
from engine.models.artifacts import OnnxModel
from engine.runtimes import open_parallel_session
from engine.settings import Target
from engine.tasks import Inputs

FILE = "file"
CALLS_EACH = 4
"""Calls of each stream in a burst."""


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

    With several streams as many calls are in flight, and a call's time is what it takes among the others. Raises what
    `measure_latency` raises, LimitError with the code memory where there is too little of it.
    """
    if n_in_flight(target) == 1:
        return time_rounds({FILE: model}, target, inputs, n_rounds=1)[FILE][-1]
    timing = _time_in_flight(model, target, inputs)
    if not len(timing.undisturbed_ms):
        wait_for_quiet(target.threads or 1, QUIET_SECONDS)
        timing = _time_in_flight(model, target, inputs)
    return timing


def n_in_flight(target: Target) -> int:
    """How many calls are in flight at once: one on each stream."""
    return target.streams or 1


def _time_in_flight(model: OnnxModel, target: Target, inputs: Inputs) -> RoundTiming:
    """A round whose timed unit is a burst of CALLS_EACH calls a stream, each stream taking the next when it is free.

    By Little's law a call takes as long as there are calls in flight, over how many end in a second
    (https://doi.org/10.1287/opre.9.3.383): a burst's time over CALLS_EACH. The ends of a burst, where some streams are
    idle, count in full, so that the throughput is no better than it is said to be.
    """
    n_calls = CALLS_EACH * n_in_flight(target)
    with open_parallel_session(model.path, target) as session:
        timing = RoundTiming(*time_turn(lambda batch: session(batch, n_calls), inputs), session.options)
    bursts = timing.calls
    calls = replace(
        bursts,
        ms=bursts.ms / CALLS_EACH,
        processor_ms=bursts.processor_ms / n_calls,
        waited_ms=bursts.waited_ms / CALLS_EACH,
    )
    return replace(timing, calls=calls)


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
