"""Chooses a race's finalists and its winner, and states the reasons in codes and sentences from what was measured."""

import math
from collections.abc import Callable, Mapping

from engine.measure.ranking import as_fast, best_of_steady
from engine.measure.verdict import flips_too_many, not_slower, over_budget
from engine.results import MEASURES, Note, codes, points, times_as_fast
from engine.search.candidate import Candidate
from engine.search.context import RaceContext
from engine.settings import Budget
from engine.wording import many, percent

MOST_FINALISTS = 4
SCREENING_ERROR = 1.25
"""Up to so many times FP32's latency in three rounds, a file may be faster than it in truth (docs/log.md)."""

CONVERSIONS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
Times = Callable[[Candidate], Mapping[str, float]]
NEVER_TIMED = "Never timed"
DISTURBED = "Not measured: other programs disturbed its calls"


def surely_over(candidate: Candidate, budget: Budget) -> bool:
    """Whether even the lower end of the interval of its loss breaks the budget of accuracy or of a class."""
    losses = ((candidate.comparison, budget.max_accuracy_drop), (candidate.class_loss, budget.max_class_drop))
    return any(loss is not None and limit is not None and loss.low > limit for loss, limit in losses)


def over_accuracy(candidate: Candidate, budget: Budget) -> bool:
    """Whether its loss rules it out, as `over_budget` says."""
    return over_budget(candidate.comparison, candidate.class_loss, budget)


def holds(candidate: Candidate, budget: Budget) -> bool:
    """Whether it keeps the budget of accuracy, and not by answers that were won by chance alone."""
    return not over_accuracy(candidate, budget) and not flips_too_many(candidate.comparison, budget)


def lossy_static(candidates: list[Candidate], budget: Budget) -> list[Candidate]:
    """The static candidates that lose too much, which a race mends."""
    return [one for one in candidates if one.is_static and not holds(one, budget)]


def not_surely_slower(candidates: list[Candidate], than: Candidate | None) -> list[Candidate]:
    """Those that were not surely slower than this one, or than FP32 where it is None, and those that were not timed."""
    limit = than.latency.ratio_high if than is not None and than.latency is not None else 1.0
    return [one for one in candidates if one.latency is None or one.latency.ratio_low <= limit]


def best_static(candidates: list[Candidate]) -> Candidate | None:
    """The candidate to refine: the fastest static one, or the most faithful one where none was timed."""
    static = [one for one in candidates if one.is_static]
    return min(static, key=lambda one: (one.ratio, -one.sqnr_db), default=None)


def base_to_refine(candidates: list[Candidate], budget: Budget) -> Candidate | None:
    """The best static candidate among those that may keep the budget, or among all where none may."""
    return best_static([one for one in candidates if not surely_over(one, budget)]) or best_static(candidates)


def finalists(candidates: list[Candidate], context: RaceContext) -> list[Candidate]:
    """The better half, by the goal, of those that are within the budget and not surely slower, and the most faithful of
    the rest.

    Those that flip too many answers come after the others, and one of them is there, should no other be faster. So is
    the fastest of FP32's own files at another target: it loses the least, and three rounds can be wrong of it.
    """
    timed = [one for one in candidates if one.stage == "screened" and one.latency]
    timed = [one for one in timed if not _too_large(one, context.budget) and not over_accuracy(one, context.budget)]
    valid = [one for one in timed if one.latency is not None and one.latency.ratio_low <= 1]
    valid.sort(key=lambda one: (_flips(one, context), _cost(one, context)))
    n = min(MOST_FINALISTS, math.ceil(len(candidates) / 2))
    best, rest = valid[:n], [one for one in valid[n:] if not one.is_float]
    if rest:
        best.append(max(rest, key=lambda one: one.sqnr_db))
    flipping = [one for one in valid if _flips(one, context)]
    if flipping and not any(one in best for one in flipping):
        best.append(flipping[0])
    unchanged = min((one for one in timed if one.plan.settings is None), key=lambda one: one.ratio, default=None)
    if unchanged is not None and unchanged not in best and unchanged.ratio <= SCREENING_ERROR:
        best.append(unchanged)
    return best


def choose(final: list[Candidate], context: RaceContext) -> Candidate | None:
    """The winner: within the budget, and faster than FP32 by the whole interval.

    Where the goal is size it is smaller than FP32 and not slower instead. One that flips too many answers wins only
    where no other can.
    """
    valid = [one for one in final if not _misses(one, context)]
    if not valid:
        return None
    return best_of_steady(valid, context.goal, Candidate.figures, lambda one: not _flips(one, context))


def set_outcomes(candidates: list[Candidate], winner: Candidate | None, context: RaceContext) -> None:
    """Gives every candidate its outcome in the race."""
    for candidate in candidates:
        if candidate is winner:
            candidate.set_outcome(codes.WINNER, "Won")
        elif surely_over(candidate, context.budget) and candidate.stage == "built":
            candidate.set_outcome("over_budget", f"Out before the timing: {loss_text(candidate, context)}")
        elif candidate.untimed is not None:
            candidate.set_outcome(candidate.untimed.code, candidate.untimed.text)
        elif candidate.was_disturbed and not over_accuracy(candidate, context.budget):
            candidate.set_outcome(codes.NOT_MEASURED, DISTURBED)
        elif candidate.stage == "final" or over_accuracy(candidate, context.budget):
            candidate.set_outcome(*(_misses(candidate, context) or _runner_up(candidate, winner, context)))
        elif candidate.latency is None:
            candidate.set_outcome(codes.OUT_OF_TIME, NEVER_TIMED)
        elif _too_large(candidate, context.budget):
            candidate.set_outcome("over_budget", f"Over the size budget: {_mb(candidate):.2f} MB")
        else:
            candidate.set_outcome(*(_slow(candidate) or ("not_the_best", "Others were better in the screening")))


def reason_for(winner: Candidate | None, candidates: list[Candidate], context: RaceContext, times_of: Times) -> Note:
    """Why this one won, or why FP32 stays: from what was measured, the speed in the race's own rounds.

    `times_of` gives milliseconds by operator type of a candidate, and is called only where nothing was faster.
    """
    if winner is not None and winner.latency is not None:
        speed = f"{times_as_fast(winner.latency, winner.fp32)} in the race's own rounds"
        text = f"{winner.name} won among {many(len(candidates), 'candidate')} and FP32: {speed}, {_mb(winner):.2f} MB"
        return Note(code="race_won", text=f"{text}, {_drop_text(winner, context)}")
    refusals = [f"{one.name}: {one.untimed.text}" for one in candidates if one.untimed is not None]
    if refusals and not any(one.latency for one in candidates):
        return Note(code="race_nothing_timed", text=f"FP32 stays: no candidate could be timed. {refusals[0]}")
    in_budget = [one for one in candidates if not over_accuracy(one, context.budget)]
    n_disturbed = sum(one.was_disturbed for one in in_budget)
    if n_disturbed:
        others = ", and none of the others won" if n_disturbed < len(candidates) else ""
        text = (
            f"FP32 stays: other programs disturbed the calls of {n_disturbed} of {many(len(candidates), 'candidate')}, "
            f"whose speed is not known{others}; run it again on a quiet machine"
        )
        return Note(code=codes.NOT_MEASURED, text=text)
    faithful = [one for one in in_budget if one.latency is not None]
    if not faithful:
        closest = min(candidates, key=lambda one: one.comparison.drop)
        finding = f"no candidate keeps the budget of {_measure_name(closest, context)}"
        text = f"FP32 stays: {finding}; the closest, {closest.name}, has {loss_text(closest, context)}"
        return Note(code="race_nothing_within_budget", text=text)
    within_budget = [
        one for one in faithful if not _too_large(one, context.budget) and not _too_late(one, context.budget)
    ]
    if not within_budget:
        return Note(code="race_nothing_within_budget", text=f"FP32 stays: {_other_budget(faithful, context)}")
    if context.goal == "size" and any(_slow(one) is None for one in within_budget):
        smallest = min((one for one in within_budget if _slow(one) is None), key=_mb)
        size = f"the smallest, {smallest.name}, has {_mb(smallest):.2f} MB"
        text = f"FP32 stays: nothing within the budget is smaller; {size}"
        return Note(code="race_nothing_smaller", text=text)
    fastest = min(within_budget, key=lambda one: one.ratio)
    if fastest.latency is None:
        raise ValueError(f"{fastest.name} was never timed")
    requirement = "as fast" if context.goal == "size" else "surely faster"
    # The profiler says when a card's operators are started, not what they take.
    cause = "" if context.target.on_cuda else f"; {_cause(fastest, times_of)}"
    text = (
        f"FP32 stays: nothing within the budget is {requirement}; the fastest, {fastest.name}, is "
        f"{times_as_fast(fastest.latency, fastest.fp32)} in the race's own rounds{cause}"
    )
    return Note(code="race_nothing_faster", text=text)


def _other_budget(faithful: list[Candidate], context: RaceContext) -> str:
    """A sentence on the budgets of size and latency that the candidates within the accuracy budget miss."""
    most_mb, most_ms = context.budget.max_size_mb, context.budget.max_latency_ms
    smallest, fastest = min(faithful, key=_mb), min(faithful, key=lambda one: one.ratio)
    least = f"the smallest, {smallest.name}, has {_mb(smallest):.2f} MB"
    quickest = f"the fastest, {fastest.name}, takes {fastest.p50_ms:.2f} ms"
    if _too_large(smallest, context.budget):
        return f"no candidate keeps the budget of {most_mb:g} MB; {least}"
    if _too_late(fastest, context.budget):
        return f"no candidate keeps the budget of {most_ms:g} ms; {quickest}"
    return f"no candidate keeps the budgets of {most_mb:g} MB and {most_ms:g} ms at once; {least}, and {quickest}"


def _cause(candidate: Candidate, times_of: Times) -> str:
    """A clause on which operators take the time of a candidate that is not faster."""
    times = times_of(candidate)
    total = sum(times.values()) or 1.0
    conversion_share = sum(times.get(name, 0.0) for name in CONVERSIONS) / total
    largest = max((name for name in times if name not in CONVERSIONS), key=lambda name: times[name], default="")
    largest_share = times.get(largest, 0.0) / total
    if candidate.is_float:
        return f"of its time {percent(largest_share)} goes to {largest}"
    return (
        f"of its time {percent(conversion_share)} goes to converting between float and 8 bits, "
        f"{percent(largest_share)} to {largest}"
    )


def _cost(candidate: Candidate, context: RaceContext) -> float:
    return _mb(candidate) if context.goal == "size" else candidate.ratio


def _mb(candidate: Candidate) -> float:
    return candidate.model.path.stat().st_size / 1e6


def _misses(candidate: Candidate, context: RaceContext) -> tuple[str, str] | None:
    """Why a candidate cannot win, as a code and a sentence; None where it can."""
    if over_accuracy(candidate, context.budget):
        return (
            "over_budget",
            f"Over the budget of {_measure_name(candidate, context)}: {loss_text(candidate, context)}",
        )
    if _too_late(candidate, context.budget):
        return "over_budget", f"Over the latency budget: {candidate.p50_ms:.2f} ms"
    if _too_large(candidate, context.budget):
        return "over_budget", f"Over the size budget: {_mb(candidate):.2f} MB"
    if candidate.latency is None:
        return codes.OUT_OF_TIME, NEVER_TIMED
    if context.goal == "size":
        return _slow(candidate) or _not_smaller(candidate)
    if candidate.latency.ratio_high >= 1:
        return "slower", f"Not surely faster: {times_as_fast(candidate.latency, candidate.fp32)}"
    return None


def _flips(candidate: Candidate, context: RaceContext) -> bool:
    return flips_too_many(candidate.comparison, context.budget)


def _runner_up(candidate: Candidate, winner: Candidate | None, context: RaceContext) -> tuple[str, str]:
    loss, goal = candidate.comparison, context.goal
    if winner is not None and _flips(candidate, context) and not _flips(winner, context):
        text = (
            f"Within the budget by gains alone: {loss.n_worse} of the {_selection(candidate)} went from right to wrong "
            f"and {loss.n_better} from wrong to right"
        )
        return codes.FLIPS_ANSWERS, text
    if winner is None or goal == "size" or not as_fast(candidate.figures().latency, winner.figures().latency):
        return "not_the_best", "Within the budget, and not the best by the goal"
    if candidate.is_float and not winner.is_float:
        return "not_the_best", f"As fast as {winner.name}, and larger"
    return "less_faithful", f"As fast as {winner.name}, and no more faithful"


def _slow(candidate: Candidate) -> tuple[str, str] | None:
    latency = candidate.latency
    if latency is None or not_slower(latency):
        return None
    answer = "Slower" if latency.ratio_low > 1 else "Not surely as fast"
    return "slower", f"{answer}: {times_as_fast(latency, candidate.fp32)}"


def _not_smaller(candidate: Candidate) -> tuple[str, str] | None:
    if _mb(candidate) < candidate.fp32_mb:
        return None
    return "not_smaller", f"Not smaller than FP32: {_mb(candidate):.2f} MB"


def _too_large(candidate: Candidate, budget: Budget) -> bool:
    return budget.max_size_mb is not None and _mb(candidate) > budget.max_size_mb


def _too_late(candidate: Candidate, budget: Budget) -> bool:
    return budget.max_latency_ms is not None and candidate.p50_ms > budget.max_latency_ms


def _measure_name(candidate: Candidate, context: RaceContext) -> str:
    return "accuracy" if _has_right_answers(candidate, context) else candidate.fidelity.measure


def loss_text(candidate: Candidate, context: RaceContext) -> str:
    """What a candidate loses, as a phrase; of its largest loss of a class too where that rules it out."""
    classes, limit, text = candidate.class_loss, context.budget.max_class_drop, _drop_text(candidate, context)
    if classes is None or limit is None or classes.low <= limit:
        return text
    return f"a class loses at least {points(classes.low)}; {text}"


def _drop_text(candidate: Candidate, context: RaceContext) -> str:
    """A loss as a phrase, with what it was measured on: top-1 in points, without labels the similarity to FP32."""
    point, examples = candidate.comparison.drop, _selection(candidate)
    if not _has_right_answers(candidate, context):
        texts = MEASURES[candidate.fidelity.measure]
        return texts.phrase.format(figure=texts.figure(1 - point, 1), reference="FP32", examples=examples)
    if point == 0:
        return f"the same top-1 on the {examples}"
    return f"{points(abs(point))} {'less' if point > 0 else 'more'} top-1 on the {examples}"


def _has_right_answers(candidate: Candidate, context: RaceContext) -> bool:
    """Whether labels judge the answers, which they can where an answer is a class."""
    return context.data.labelled and candidate.comparison.n_worse is not None


def _selection(candidate: Candidate) -> str:
    """What every loss of a race is measured on, which each sentence on a loss names."""
    return "selection images" if candidate.model.preprocess is not None else "selection examples"
