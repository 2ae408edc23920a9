"""Pruning to a goal: the ratio is searched by what comes out, as it is measured."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.context import Outcome, ProgressCallback, no_progress
from engine.errors import StepError
from engine.measure.latency import compare, time_rounds
from engine.models.artifacts import OnnxModel, TorchModel, content_key
from engine.results import Note, codes
from engine.search.context import RatioContext
from engine.settings import PruneChannel
from engine.techniques.prune import UNCHANGED, Pruned, prune_to
from engine.wording import percent

LOWEST, HIGHEST, CLOSE = 0.0, 0.9, 0.02
"""The range of ratios, and how near two of them are no longer told apart."""
TRIES = 8
ROUNDS = 6
"""Of timing, a try and the model as it was in turn."""

Left = Callable[[OnnxModel], float]
"""What is left, in the goal's unit: a share of the MACs or of the latency, or MB."""


@dataclass(frozen=True)
class Try:
    """A ratio and what it leaves."""

    ratio: float
    left: float


def prune_channels(model: TorchModel, settings: PruneChannel, context: RatioContext) -> Outcome:
    """The model without some of its channels: as many as the ratio says, or as the goal needs.

    A goal that cannot be reached ends with the most that was cut, and a note of how far that came. Raises StepError as
    prune_to does.
    """
    if settings.goal == "ratio":
        return _outcome(prune_to(model, settings, settings.ratio, context, context.folder))
    wanted = settings.goal_value
    if wanted is None:
        raise TypeError("the settings see to it that a goal has its value")
    # What is between the rounds and after the cut changes no shape of what a ratio leaves.
    bare = settings.model_copy(update={"rounds": 1, "recalibrate": False})
    left = _left(settings, context.export(model), context)
    tries, late = _search(settings.ratio, wanted, lambda ratio: _tried(model, bare, ratio, left, context), context)
    reached = [one for one in tries if one.left <= wanted]
    most = min(tries, key=lambda one: (one.left, -one.ratio))
    best = min(reached, key=lambda one: one.ratio) if reached else most
    made = prune_to(
        model, settings, best.ratio, replace(context, on_progress=_after(TRIES, context.on_progress)), context.folder
    )
    note = _reached(settings, wanted, best, len(tries)) if reached else _missed(settings, wanted, best)
    return _outcome(made, note, late=late)


def _outcome(made: Pruned, *notes: Note, late: bool = False) -> Outcome:
    """With one note of all that the time cut short; `late`: the search was."""
    cut = [*(["the search for the ratio"] if late else []), *([] if made.complete else ["the recovery between rounds"])]
    text = f"The time was up before the end of {' and of '.join(cut)}; what there was by then counts"
    time_was_up = [Note(code=codes.OUT_OF_TIME, text=text)] if cut else []
    return Outcome(model=made.model, notes=(*notes, *made.notes, *time_was_up), complete=not cut)


def _search(
    first: float, wanted: float, left_at: Callable[[float], float], context: RatioContext
) -> tuple[list[Try], bool]:
    """What was tried, and whether the time ended it.

    The first ratio, the highest where that was not enough, then halves of what is between.
    """
    tries: list[Try] = []
    low, high, ratio = LOWEST, HIGHEST, min(first, HIGHEST)
    while len(tries) < TRIES and high - low > CLOSE:
        if tries and time.monotonic() > context.deadline:
            return tries, True
        _after(len(tries), context.on_progress)(0.0, f"try {len(tries) + 1} of at most {TRIES}: a ratio of {ratio:.2f}")
        tries.append(Try(ratio, left_at(ratio)))
        enough = tries[-1].left <= wanted
        if ratio == HIGHEST and not enough:
            break
        low, high = (low, ratio) if enough else (ratio, high)
        ratio = HIGHEST if len(tries) == 1 and not enough else (low + high) / 2
    return tries, False


def _after(n_tries: int, on_progress: ProgressCallback) -> ProgressCallback:
    """The progress of the part of the work that follows so many tries; the last cut follows TRIES of them."""
    return lambda fraction, message, **metrics: on_progress((n_tries + fraction) / (TRIES + 1), message, **metrics)


def _tried(model: TorchModel, settings: PruneChannel, ratio: float, left: Left, context: RatioContext) -> float:
    """What this ratio leaves; without end where it changes nothing, so that the search looks above it."""
    with tempfile.TemporaryDirectory(dir=context.folder) as folder:
        quiet = replace(context, on_progress=no_progress, folder=Path(folder))
        try:
            made = prune_to(model, settings, ratio, quiet, Path(folder)).model
        except StepError as error:
            if error.code != UNCHANGED:
                raise
            return math.inf
        key = content_key(
            "tried", model.key, settings.model_dump(mode="json"), ratio, context.seed, context.data.sha256
        )
        return left(context.export(replace(made, key=key)))


def _left(settings: PruneChannel, base: OnnxModel, context: RatioContext) -> Left:
    match settings.goal:
        case "size":
            return lambda made: made.path.stat().st_size / 1e6
        case "macs":
            return lambda made: _macs(made) / _macs(base)
    return lambda made: _latency(made, base, context)


def _macs(model: OnnxModel) -> int:
    if not model.macs:
        raise StepError("the MACs of this network cannot be counted", "Choose latency or size in its place (goal)")
    return model.macs


def _latency(made: OnnxModel, base: OnnxModel, context: RatioContext) -> float:
    """The share of the latency that is left: the median of paired rounds."""
    first = next(context.data.split("evaluation").batches(context.target.batch_size, context.target.batch_size))
    images = np.resize(first, (context.target.batch_size, *first.shape[1:]))
    with context.measure_lock():
        turns = time_rounds({"made": made, "base": base}, context.target, images, n_rounds=ROUNDS)
    latency, _ = compare(turns, "base", context.target)["made"]
    return latency.ratio_to_baseline


def _reached(settings: PruneChannel, wanted: float, best: Try, n_tries: int) -> Note:
    text = (
        f"A ratio of {best.ratio:.2f} leaves {_amount(settings, best.left)} (asked: at most "
        f"{_amount(settings, wanted)}; tries: {n_tries})"
    )
    return Note(code="goal_reached", text=text)


def _missed(settings: PruneChannel, wanted: float, best: Try) -> Note:
    return Note(
        code="goal_not_reached",
        text=f"At most {_amount(settings, wanted)} was asked for and could not be reached: a ratio"
        f" of {best.ratio:.2f} leaves {_amount(settings, best.left)}, which is kept",
    )


def _amount(settings: PruneChannel, left: float) -> str:
    match settings.goal:
        case "size":
            return f"{left:.2f} MB"
        case "macs":
            return f"{percent(left)} of the MACs"
    return f"{percent(left)} of the latency"
