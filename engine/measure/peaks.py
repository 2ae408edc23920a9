"""How fast graphs of one operation run at the most: interleaved rounds, and a rate with its interval.

The rate is that of the trimmed mean, over the rounds, of the logarithm of a round's median call; only calls that
nothing disturbed count, as in engine/measure/latency.py. Where too few did, the fastest call says what the machine does
at least.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import FeatherweightError, RunError, TargetError
from engine.measure.calls import MIN_CALLS, time_calls
from engine.measure.contention import wait_for_quiet
from engine.measure.latency import FEWEST_ROUNDS, QUIET_SECONDS, RoundTiming
from engine.measure.peak_graphs import OUTPUT, PeakGraph
from engine.measure.statistics import trimmed_mean
from engine.results.machine import Rate
from engine.runtimes import open_session
from engine.settings import Target

N_ROUNDS, MOST_EXTRA = 5, 3
"""Rounds, and those that may be added where other programs disturbed too many."""
N_WARMUP = 2
ROUND_SECONDS, MOST_ROUND_SECONDS, MAX_CALLS = 0.15, 0.4, 100
"""The calls of one graph in one round take about so long, and at most so long where others disturb them."""
GIGA = 1e9


@dataclass(frozen=True)
class PeakTrial:
    """A graph and the target whose peak it shows."""

    graph: PeakGraph
    target: Target


def measure_rates(
    trials: Mapping[str, PeakTrial],
    work: Path,
    on_trial: Callable[[str, float], None],
    deadline: float = math.inf,
) -> tuple[dict[str, Rate], dict[str, FeatherweightError]]:
    """The rates of the trials by their names, in 10^9 of what their graphs count a second, and the errors of others.

    The graphs are written to `work`. `on_trial` gets the name of the one that is timed now, and how much is done, from
    0 to 1. After `deadline`, in seconds of time.monotonic(), no round but the first begins.
    """
    paths = {name: work / f"{number}.onnx" for number, name in enumerate(trials)}
    for name, path in paths.items():
        path.write_bytes(trials[name].graph.model)
    timings: dict[str, list[RoundTiming]] = {name: [] for name in trials}
    errors: dict[str, FeatherweightError] = {}
    for number in range(N_ROUNDS + MOST_EXTRA):
        is_late = number > 0 and time.monotonic() >= deadline
        if is_late or (number >= N_ROUNDS and all(_counts(rounds) for rounds in timings.values() if rounds)):
            break
        if number >= N_ROUNDS:
            wait_for_quiet(max(trial.target.threads or 1 for trial in trials.values()), QUIET_SECONDS)
        for position, (name, trial) in enumerate(trials.items()):
            on_trial(name, min(1.0, (number + position / len(trials)) / N_ROUNDS))
            if name in errors:
                continue
            try:
                timings[name].append(_time(paths[name], trial))
            except (TargetError, RunError) as error:
                errors[name] = error
    rates = {name: rate(rounds, trials[name].graph.amount) for name, rounds in timings.items() if name not in errors}
    return rates, errors


def rate(rounds: list[RoundTiming], amount: int) -> Rate:
    """10^9 of `amount` a second, from the timings of a graph that does as much in a call."""
    calls = np.concatenate([one.calls.ms for one in rounds])
    counting = [one.undisturbed_ms for one in rounds if len(one.undisturbed_ms)]
    n_runs = sum(map(len, counting))
    per_call = amount * 1000 / GIGA
    known = trimmed_mean(np.log([np.median(ms) for ms in counting])).exp() if _counts(rounds) else None
    return Rate(
        measured=per_call / known.center if known else None,
        low=per_call / known.high if known else None,
        high=per_call / known.low if known else None,
        fastest=per_call / float(calls.min()),
        n_runs=n_runs,
        n_disturbed=len(calls) - n_runs,
    )


def _counts(rounds: list[RoundTiming]) -> bool:
    """Whether enough rounds have undisturbed calls for a rate with an interval."""
    return sum(len(one.undisturbed_ms) > 0 for one in rounds) >= FEWEST_ROUNDS


def _time(path: Path, trial: PeakTrial) -> RoundTiming:
    inputs = np.random.default_rng(0).standard_normal(trial.graph.input_shape, dtype=np.float32)
    with open_session(path, trial.target, output_names=[OUTPUT]) as session:
        seconds = []
        for _ in range(N_WARMUP):
            start = time.perf_counter()
            session(inputs)
            seconds.append(time.perf_counter() - start)
        n_calls = int(np.clip(ROUND_SECONDS / min(seconds), MIN_CALLS, MAX_CALLS))
        return RoundTiming(time_calls(session, inputs, n_calls, MOST_ROUND_SECONDS), N_WARMUP, session.options)
