"""Which variant of a report is chosen, by the images that choose and by what no image decides on."""

from collections.abc import Collection, Sequence

from engine.measure.ranking import RankingFigures, best_by_goal, best_of_steady
from engine.measure.verdict import faster, flips_too_many, over_budget
from engine.results import Report, Variant, codes
from engine.settings import Budget, Goal, Simplify

OTHER_BUDGETS = (codes.LATENCY_OVER_BUDGET, codes.SIZE_OVER_BUDGET)
"""Codes of the budgets that no image or other example decides on."""


def is_eligible(variant: Variant, budget: Budget) -> bool:
    """Whether a variant that was measured can be chosen, by the images that choose and by what no image decides on.

    Its loss there is within the budget (`over_budget`), its answers are surely better than guessing, and its latency
    and its size are within their budgets. Where no images choose, only the latter count.
    """
    if variant.verdict is None or any(code in OTHER_BUDGETS for code in variant.verdict.codes):
        return False
    selection = variant.selection
    if selection is None:
        return True
    surely_learnt = selection.accuracy is None or selection.accuracy.better_than_chance in (None, "yes")
    return surely_learnt and not over_budget(selection.comparison, selection.class_loss, budget)


def choose(fast_enough: Sequence[Variant], report: Report) -> Variant:
    """The best by the goal; one that flips too many answers only where no other is better than the baseline by it."""
    return best_of_steady(
        fast_enough, report.recipe.goal, _figures, lambda one: not _flips(one, report) and _gains(one, report)
    )


def passed_over(chosen: Variant, fast_enough: Collection[Variant], report: Report) -> list[Variant]:
    """Those that are better than the chosen one by the goal, and flip too many answers."""
    if chosen.role == "baseline" or _flips(chosen, report):
        return []
    goal = report.recipe.goal
    return [one for one in fast_enough if _flips(one, report) and cost(one, goal) < cost(chosen, goal)]


def _flips(variant: Variant, report: Report) -> bool:
    return variant.selection is not None and flips_too_many(variant.selection.comparison, report.recipe.budget)


def _gains(variant: Variant, report: Report) -> bool:
    """Whether it is surely faster than the baseline, or smaller where the goal is size."""
    if report.recipe.goal == "size":
        return report.baseline is not None and variant.size_bytes < report.baseline.size_bytes
    return _is_surely_faster(variant)


def _is_surely_faster(variant: Variant) -> bool:
    """Whether it was timed, and the whole interval of its latency is below the baseline's."""
    return variant.latency is not None and faster(variant.latency) == "yes"


def with_same_weights(fast_enough: Sequence[Variant], chosen: Variant, report: Report) -> Variant | None:
    """The best by the goal of the baseline's own weights at other targets or simplified; None where none is faster.

    It is one variant, named before any image has reported, and it differs from the baseline in how numbers are rounded
    alone: no choice among files that learnt or lost something, of which the luckiest would be taken.
    """
    same = [one for one in fast_enough if one is not chosen and all(map(is_float, report.lineage(one.id)))]
    best = best_by_goal(same, report.recipe.goal, _figures) if same else None
    return best if best is not None and _is_surely_faster(best) else None


def _figures(variant: Variant) -> RankingFigures:
    """What the variant is ranked by. Raises ValueError where it was never timed."""
    if variant.latency is None:
        raise ValueError(f"variant {variant.id} was never timed")
    return RankingFigures(variant.latency, variant.size_bytes, _sqnr_db(variant), is_float(variant))


def is_float(variant: Variant) -> bool:
    """Whether it is the baseline's own file, at another target, or its last step simplified: floats as before it."""
    return variant.technique == "baseline" or isinstance(variant.settings, Simplify)


def _sqnr_db(variant: Variant) -> float:
    """The SQNR on the images that choose, infinite where nothing differs; the lowest where no images choose."""
    if variant.selection is None:
        return float("-inf")
    sqnr_db = variant.selection.fidelity.sqnr_db
    return float("inf") if sqnr_db is None else sqnr_db


def cost(variant: Variant, goal: Goal) -> float:
    """What the goal makes small: bytes, or the latency by the baseline's, infinite where it was never timed."""
    if goal == "size":
        return variant.size_bytes
    return variant.latency.ratio_to_baseline if variant.latency else float("inf")
