"""Pruning to a goal: searches the ratio whose pruned network meets the goal, as measured."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from engine.context import Outcome, ProgressCallback, no_progress
from engine.data import full_batch
from engine.errors import StepError
from engine.measure.contention import watched
from engine.measure.latency import measure_latency
from engine.models.artifacts import OnnxModel, TorchModel, content_key
from engine.results import Note, codes
from engine.search.context import RatioContext
from engine.settings import PruneChannel
from engine.system.machine import cores
from engine.techniques.prune import UNCHANGED, PruneResult, prune_to
from engine.wording import many, percent

LOWEST, HIGHEST, CLOSE = 0.0, 0.9, 0.02
"""The range of ratios, and the distance of two at which the search ends."""
TRIES = 8
ROUNDS = 6
"""Rounds of timing, the pruned network and the original in turn."""


class Remaining(NamedTuple):
    """What a pruned network has in the goal's unit: a share of the MACs or of the latency, or MB."""

    value: float
    is_estimate: bool = False
    """Whether other programs disturbed the calls, so that it is a share of processor time."""


Measure = Callable[[OnnxModel], Remaining]


@dataclass(frozen=True)
class Attempt:
    """A ratio, and what the network pruned by it has left."""

    ratio: float
    remaining: float
    is_estimate: bool = False


def prune_channels(model: TorchModel, settings: PruneChannel, context: RatioContext) -> Outcome:
    """The model without some of its channels: as many as the ratio says, or as the goal needs.

    Where the goal cannot be reached, the smallest network that was tried, with a note on it. Raises StepError as
    prune_to does.
    """
    if settings.goal == "ratio":
        return _outcome(prune_to(model, settings, settings.ratio, context, context.folder))
    limit = settings.goal_value
    if limit is None:
        raise TypeError("the settings see to it that a goal has its value")
    # Training between rounds and recalibration after the cut change no shapes, so the search leaves them out.
    search_settings = settings.model_copy(update={"rounds": 1, "recalibrate": False})
    busy: list[Note] = []
    measure = _measure_for(settings, context.export(model), context, busy)
    attempts, out_of_time = _search(
        settings.ratio, limit, lambda ratio: _measure_ratio(model, search_settings, ratio, measure, context), context
    )
    within_limit = [one for one in attempts if one.remaining <= limit]
    smallest = min(attempts, key=lambda one: (one.remaining, -one.ratio))
    best = min(within_limit, key=lambda one: one.ratio) if within_limit else smallest
    result = prune_to(
        model, settings, best.ratio, replace(context, on_progress=_after(TRIES, context.on_progress)), context.folder
    )
    note = _reached(settings, limit, best, len(attempts)) if within_limit else _missed(settings, limit, best)
    estimated = [one for one in attempts if one.is_estimate]
    notes = [note, *busy[:1], *([_estimates_note(len(estimated), len(attempts))] if estimated else [])]
    return _outcome(result, *notes, out_of_time=out_of_time, was_busy=bool(busy or estimated))


def _outcome(result: PruneResult, *notes: Note, out_of_time: bool = False, was_busy: bool = False) -> Outcome:
    """The outcome, with one note of all that the deadline cut short: the search where `out_of_time`, and recovery.

    It is not complete either where the machine `was_busy`, since another ratio may be found on a quiet one.
    """
    cut = [
        *(["the search for the ratio"] if out_of_time else []),
        *([] if result.complete else ["the recovery between rounds"]),
    ]
    text = f"The time was up before the end of {' and of '.join(cut)}; what there was by then counts"
    time_was_up = [Note(code=codes.OUT_OF_TIME, text=text)] if cut else []
    return Outcome(model=result.model, notes=(*notes, *result.notes, *time_was_up), complete=not cut and not was_busy)


def _search(
    first: float, limit: float, measure_at: Callable[[float], Remaining], context: RatioContext
) -> tuple[list[Attempt], bool]:
    """The attempts, and whether the deadline ended the search.

    Tries the first ratio, the highest where that is not enough, then bisects.
    """
    attempts: list[Attempt] = []
    low, high, ratio = LOWEST, HIGHEST, min(first, HIGHEST)
    while len(attempts) < TRIES and high - low > CLOSE:
        if attempts and time.monotonic() > context.deadline:
            return attempts, True
        _after(len(attempts), context.on_progress)(
            0.0, f"try {len(attempts) + 1} of at most {TRIES}: a ratio of {ratio:.2f}"
        )
        attempts.append(Attempt(ratio, *measure_at(ratio)))
        is_enough = attempts[-1].remaining <= limit
        if ratio == HIGHEST and not is_enough:
            break
        low, high = (low, ratio) if is_enough else (ratio, high)
        ratio = HIGHEST if len(attempts) == 1 and not is_enough else (low + high) / 2
    return attempts, False


def _after(n_attempts: int, on_progress: ProgressCallback) -> ProgressCallback:
    """The progress of the work after so many attempts, out of TRIES attempts and the final cut."""
    return lambda fraction, message, **metrics: on_progress((n_attempts + fraction) / (TRIES + 1), message, **metrics)


def _measure_ratio(
    model: TorchModel, settings: PruneChannel, ratio: float, measure: Measure, context: RatioContext
) -> Remaining:
    """What the network pruned by this ratio has; infinite where nothing changes, so that the search goes higher."""
    with tempfile.TemporaryDirectory(dir=context.folder) as folder:
        silent_context = replace(context, on_progress=no_progress, folder=Path(folder))
        try:
            pruned = prune_to(model, settings, ratio, silent_context, Path(folder)).model
        except StepError as error:
            if error.code != UNCHANGED:
                raise
            return Remaining(math.inf)
        key = content_key(
            "tried", model.key, settings.model_dump(mode="json"), ratio, context.seed, context.data.sha256
        )
        return measure(context.export(replace(pruned, key=key)))


def _measure_for(settings: PruneChannel, base: OnnxModel, context: RatioContext, busy: list[Note]) -> Measure:
    """What measures a pruned network in the goal's unit; `busy` gets a note each time that others used the cores."""
    match settings.goal:
        case "size":
            return lambda pruned: Remaining(pruned.path.stat().st_size / 1e6)
        case "macs":
            return lambda pruned: Remaining(_macs(pruned) / _macs(base))
    return lambda pruned: _latency(pruned, base, context, busy)


def _macs(model: OnnxModel) -> int:
    if not model.macs:
        raise StepError("the MACs of this network cannot be counted", "Choose latency or size in its place (goal)")
    return model.macs


def _latency(pruned: OnnxModel, base: OnnxModel, context: RatioContext, busy: list[Note]) -> Remaining:
    """The pruned network's latency by that of the original, timed in the same rounds."""
    size = context.target.batch_size
    images = full_batch(context.data.unreported, size)
    with context.measure_lock(), watched(context.target.threads or cores()) as notes:
        models = {"pruned": pruned, "base": base}
        pair = measure_latency(models, "base", context.target, images, n_rounds=ROUNDS)["pruned"]
    busy += notes
    if pair.latency is None and pair.estimate is not None:
        return Remaining(pair.estimate.ratio_to_baseline, is_estimate=True)
    return Remaining(pair.require().ratio_to_baseline)


def _estimates_note(n_estimates: int, n_attempts: int) -> Note:
    text = (
        f"Other programs disturbed the calls in {n_estimates} of {many(n_attempts, 'try', 'tries')}, so the ratio was "
        "searched with processor time in the place of latency: run it again on a quiet machine"
    )
    return Note(code=codes.NOT_MEASURED, text=text)


def _reached(settings: PruneChannel, limit: float, best: Attempt, n_attempts: int) -> Note:
    if best.is_estimate:
        text = f"A ratio of {best.ratio:.2f} may leave {_amount(settings, best.remaining)}, an estimate"
    else:
        text = f"A ratio of {best.ratio:.2f} leaves {_amount(settings, best.remaining)}"
    text = f"{text} (asked: at most {_amount(settings, limit)}; tries: {n_attempts})"
    return Note(code="goal_estimated" if best.is_estimate else "goal_reached", text=text)


def _missed(settings: PruneChannel, limit: float, best: Attempt) -> Note:
    remaining = _amount(settings, best.remaining)
    leaves = f"may leave {remaining}, an estimate" if best.is_estimate else f"leaves {remaining}"
    return Note(
        code="goal_not_reached",
        text=f"At most {_amount(settings, limit)} was asked for and could not be reached: a ratio"
        f" of {best.ratio:.2f} {leaves}, which is kept",
    )


def _amount(settings: PruneChannel, value: float) -> str:
    match settings.goal:
        case "size":
            return f"{value:.2f} MB"
        case "macs":
            return f"{percent(value)} of the MACs"
    return f"{percent(value)} of the latency"
