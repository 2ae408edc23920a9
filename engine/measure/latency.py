"""Latency: interleaved rounds of all files, one live session at a time, ratios taken within a round.

A shared machine drifts by tens of percent within seconds. Within one round the baseline and the variants see the same
drift, so the ratio of their medians is stable where the medians are not. Only calls that nothing disturbed count
(engine.measure.calls), and a round counts for a file where both the file and the baseline have MIN_CALLS of them, and
MIN_SHARE of all their calls. Where too few rounds count, more are added while the machine may get quiet. Where that is
not enough there is no latency, and an estimate from processor time.

All figures come from one estimator. The baseline's p50 is the median of all its calls. A variant's ratio is the trimmed
mean, over the rounds, of the logarithm of its median divided by the baseline's. A variant's p50 is the product of the
two, not the median of its own calls, and images per second follow from it. So all figures agree with each other.

The interval of a ratio is that of the trimmed mean. That of a p50 is the relative one of the file's own medians, which
drift with the machine, and so it is wider.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.errors import MeasureError
from engine.measure.calls import Calls, time_turn
from engine.measure.contention import wait_for_quiet
from engine.measure.statistics import Interval, trimmed_mean
from engine.models.artifacts import OnnxModel
from engine.results import CallLatency, Latency, LatencyEstimate, Throughput, codes
from engine.runtimes import open_session
from engine.settings import Target
from engine.tasks import Inputs

N_ROUNDS, FEWEST_ROUNDS = 12, 3
MOST_EXTRA = 1.0
"""Rounds that may be added where too few count, as a share of those that were planned."""
QUIET_SECONDS = 2.0
"""The longest wait for a quiet machine before a round that is added."""


@dataclass(frozen=True)
class RoundTiming:
    """The timed calls of one file in one round, after `n_warmup` calls that do not count."""

    calls: Calls
    n_warmup: int
    options: dict[str, str]

    @property
    def undisturbed_ms(self) -> np.ndarray:
        """The milliseconds of the calls that count; empty where too few do."""
        return self.calls.undisturbed_ms


class PairedLatency(NamedTuple):
    """The speed of one file beside the baseline; the first two are None where too few calls were undisturbed.

    The estimate is there in their place.
    """

    latency: Latency | None
    throughput: Throughput | None
    estimate: LatencyEstimate | None = None

    def require(self) -> Latency:
        """The latency. Raises MeasureError (code not_measured) where there is none."""
        if self.latency is None:
            raise MeasureError(
                "other programs disturbed too many calls", "Measure on a quiet machine", code=codes.NOT_MEASURED
            )
        return self.latency


def measure_latency(
    models: Mapping[str, OnnxModel],
    baseline: str,
    target: Target,
    inputs: Inputs,
    on_round: Callable[[int, int], None] = lambda done, total: None,
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
    targets: Mapping[str, Target] | None = None,
) -> dict[str, PairedLatency]:
    """Latency and throughput of every model; `inputs` are those of one call for batch_size examples.

    `target.threads` must be a number and `n_rounds` at least FEWEST_ROUNDS. After `deadline`, in seconds of
    time.monotonic(), no round begins but the first FEWEST_ROUNDS. `targets` has those of models that are timed at
    another one, of the same batch size. Raises TargetError and RunError as open_session does.
    """
    timings = time_rounds(models, target, inputs, on_round, n_rounds, deadline, targets)
    return compare(timings, baseline, target, targets)


def time_rounds(
    models: Mapping[str, OnnxModel],
    target: Target,
    inputs: Inputs,
    on_round: Callable[[int, int], None] = lambda done, total: None,
    n_rounds: int = N_ROUNDS,
    deadline: float = math.inf,
    targets: Mapping[str, Target] | None = None,
    *,
    guard: Callable[[str], AbstractContextManager[object]] = nullcontext,
    on_timings: Callable[[Mapping[str, list[RoundTiming]]], None] = lambda timings: None,
) -> dict[str, list[RoundTiming]]:
    """The timings of every model, one a round, for `compare`; arguments and errors as of `measure_latency`.

    Every other round runs in reverse order, so that no model always follows the same one. Rounds are added, after a
    wait for a quiet machine, until n_rounds of them count for every model, at most MOST_EXTRA of them. `on_round` gets
    how many are done, and of how many at the most.

    A model is timed within the context that `guard` gives for its id: where that holds back an error, the model is left
    out with the rounds that it had. `on_timings` gets the timings so far after every round.
    """
    timings: dict[str, list[RoundTiming]] = {id: [] for id in models}
    most = n_rounds + round(MOST_EXTRA * n_rounds)
    for number in range(most):
        is_late = number >= FEWEST_ROUNDS and time.monotonic() >= deadline
        if is_late or (number >= n_rounds and _n_counting(timings) >= n_rounds):
            break
        if number >= n_rounds:
            wait_for_quiet(target.threads or 1, QUIET_SECONDS)
        order = list(timings) if number % 2 == 0 else list(timings)[::-1]
        for id in order:
            with guard(id):
                timings[id].append(_time_model(models[id], (targets or {}).get(id, target), inputs))
        timings = {id: own for id, own in timings.items() if len(own) > number}
        on_round(number + 1, n_rounds if number < n_rounds else most)
        on_timings(timings)
    return timings


def compare(
    timings: Mapping[str, list[RoundTiming]],
    baseline: str,
    target: Target,
    targets: Mapping[str, Target] | None = None,
) -> dict[str, PairedLatency]:
    """Latency and throughput of every model, with its ratio to any one of them in the same rounds."""
    targets = {id: (targets or {}).get(id, target) for id in timings}
    return {id: _pair(own, timings[baseline], targets[id], targets[baseline]) for id, own in timings.items()}


def own_latency(timings: list[RoundTiming], target: Target) -> tuple[CallLatency, Throughput] | None:
    """The latency and the throughput of one model by its rounds alone; None where too few of them count."""
    latency, throughput, _ = _pair(timings, timings, target, target)
    if latency is None or throughput is None:
        return None
    return CallLatency(**latency.model_dump(include=set(CallLatency.model_fields))), throughput


def _n_counting(timings: Mapping[str, list[RoundTiming]]) -> int:
    """How many rounds count for every model."""
    return sum(all(len(timing.undisturbed_ms) for timing in round) for round in zip(*timings.values(), strict=True))


def _time_model(model: OnnxModel, target: Target, inputs: Inputs) -> RoundTiming:
    with open_session(model.path, target, output_names=model.output_names) as session:
        calls, n_warmup = time_turn(session, inputs)
        return RoundTiming(calls, n_warmup, session.options)


def _pair(
    timings: list[RoundTiming], baseline: list[RoundTiming], target: Target, baseline_target: Target
) -> PairedLatency:
    rounds = [
        (own, base)
        for own, base in zip(timings, baseline, strict=True)
        if len(own.undisturbed_ms) and len(base.undisturbed_ms)
    ]
    if len(rounds) < FEWEST_ROUNDS:
        threads_ratio = _busy_threads(target) / _busy_threads(baseline_target)
        return PairedLatency(None, None, _estimate(timings, baseline, threads_ratio))
    own, base = ([timing.undisturbed_ms for timing in one] for one in zip(*rounds, strict=True))
    ratio = trimmed_mean(_log_medians(own) - _log_medians(base)).exp()
    base_p50_ms = float(np.median(np.concatenate([one.undisturbed_ms for one in baseline])))
    p50_ms = base_p50_ms * ratio.center
    calls = np.concatenate(own)
    latency = Latency(
        runtime=target.runtime,
        provider=target.provider,
        threads=target.threads or 1,
        batch_size=target.batch_size,
        p50_ms=p50_ms,
        p95_ms=p50_ms * float(np.percentile(calls, 95) / np.median(calls)),
        n_runs=len(calls),
        n_disturbed=sum(len(timing.calls.ms) for timing in timings) - len(calls),
        n_rounds=len(rounds),
        n_warmup=min(timing.n_warmup for timing in timings),
        session_options=timings[0].options,
        ratio_to_baseline=ratio.center,
        ratio_low=ratio.low,
        ratio_high=ratio.high,
        buffers="bound" if target.bound else "numpy",
    )
    return PairedLatency(latency, _throughput(p50_ms, trimmed_mean(_log_medians(own)), target.batch_size))


def _throughput(p50_ms: float, log_ms: Interval, batch_size: int) -> Throughput:
    """From a p50, and the interval of the logarithm of the file's medians, which says how far it may be off."""
    per_s = batch_size * 1000 / p50_ms
    return Throughput(
        batch_size=batch_size,
        images_per_s=per_s,
        low=per_s * math.exp(log_ms.center - log_ms.high),
        high=per_s * math.exp(log_ms.center - log_ms.low),
    )


def _busy_threads(target: Target) -> int:
    """How many threads use the processor during a call: of a card or another device the one that waits for it."""
    return (target.threads or 1) if target.on_cpu else 1


def _estimate(timings: list[RoundTiming], baseline: list[RoundTiming], threads_ratio: float) -> LatencyEstimate:
    """The median, over all rounds, of the ratio of the mean processor times of a thread; every call counts."""
    own, base = (np.array([one.calls.processor_ms.mean() for one in group]) for group in (timings, baseline))
    n_runs = sum(len(timing.calls.ms) for timing in timings)
    return LatencyEstimate(
        processor_ms=float(np.median(own)),
        ratio_to_baseline=float(np.median(own / base)) / threads_ratio,
        n_runs=n_runs,
        n_disturbed=n_runs - sum(int(timing.calls.undisturbed.sum()) for timing in timings),
    )


def _log_medians(rounds: list[np.ndarray]) -> np.ndarray:
    """(n_rounds,): the logarithm of the median of each round's calls in milliseconds."""
    return np.log([np.median(ms) for ms in rounds])
