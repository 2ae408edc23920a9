"""The recommended variant of a report, and the reason in words."""

from collections.abc import Collection

from engine.measure.chance import learning_note, reaches_chance
from engine.measure.verdict import not_slower
from engine.results import Note, Recommendation, Report, Variant, codes, cut_short, times_as_fast, unfinished_ids
from engine.settings import Goal
from engine.wording import percent

SUPERLATIVES = {"latency": "fastest", "size": "smallest", "throughput": "highest in throughput"}


def recommend(report: Report) -> Recommendation:
    """The best variant by the goal of those within the budget that are not slower and surely better than guessing.

    Where there is none it is the baseline, with the reason. Of a race, only the winner, a step's variant, can be
    recommended. The reason says where the time was up, and where other programs used the cores during the measurement
    of latency. Raises ValueError where the report has no baseline.
    """
    baseline, goal = report.baseline, report.recipe.goal
    if baseline is None:
        raise ValueError(f"the report of {report.run_id} has no baseline")
    measured = [
        variant for variant in report.variants if variant.role == "step" and variant.latency and variant.verdict
    ]
    within_budget = [one for one in measured if one.verdict and one.verdict.within_budget and not reaches_chance(one)]
    fast_enough = [one for one in within_budget if one.latency and not_slower(one.latency)]
    best = min(fast_enough, key=lambda one: _cost(one, goal)) if fast_enough else baseline
    reason = (
        _reason(best, baseline, _rank(best, within_budget, fast_enough, goal), goal)
        if fast_enough
        else _why_none(report, measured, within_budget)
    )
    sentences = (reason.text, _time_sentence(report, best, measured), _load_sentence(report) if measured else "")
    return Recommendation(id=best.id, reason=Note(code=reason.code, text=". ".join(filter(None, sentences))))


def _cost(variant: Variant, goal: Goal) -> float:
    if goal == "size":
        return variant.size_bytes
    if goal == "throughput":
        return -(variant.throughput.images_per_s if variant.throughput else 0.0)
    return variant.latency.ratio_to_baseline if variant.latency else float("inf")


def _rank(best: Variant, within_budget: Collection[Variant], fast_enough: Collection[Variant], goal: Goal) -> str:
    """The rank of the best among the variants that can be recommended, never among a race's candidates."""
    if len(within_budget) > 1 and best is min(within_budget, key=lambda one: _cost(one, goal)):
        return f", the {SUPERLATIVES[goal]} of {len(within_budget)} variants within the budget"
    if len(fast_enough) > 1:
        return f", the {SUPERLATIVES[goal]} of {len(fast_enough)} variants within the budget that are not slower"
    return ""


def _reason(best: Variant, baseline: Variant, rank: str, goal: Goal) -> Note:
    if best.latency is None:
        raise ValueError(f"variant {best.id} was never timed")
    doubt = "" if best.latency.ratio_high < 1 else ", so not surely faster"
    size = f"{percent(best.size_bytes / baseline.size_bytes)} of the size"
    text = f"{best.label}{rank}: {times_as_fast(best.latency, 'the baseline')}{doubt}, {size}{_loss(best)}"
    return Note(code=f"best_{goal}", text=text)


def _loss(best: Variant) -> str:
    drop = best.verdict.drop if best.verdict else None
    if drop is None:
        return ""
    if best.accuracy is None:
        return f", agreeing with the baseline on {percent(1 - drop, 1)} of the inputs"
    if drop == 0:
        return ", with the same top-1"
    return f", {abs(drop) * 100:.1f} points {'less' if drop > 0 else 'more'} top-1"


def _why_none(report: Report, measured: Collection[Variant], within_budget: Collection[Variant]) -> Note:
    above_chance = [variant for variant in measured if not reaches_chance(variant)]
    doubt = learning_note(report.baseline) if report.baseline else None
    if doubt is not None and not above_chance:
        addition = ", and no variant is surely better than guessing" if measured else ""
        return Note(code=doubt.code, text=f"{doubt.text}{addition}")
    if not measured and any(variant.role == "step" for variant in report.variants):
        return Note(
            code="nothing_timed", text="No variant has a latency, so none is recommended; its notes say why it has none"
        )
    reasons = [race.reason for race in report.races if race.reason]
    if not measured and reasons:
        return reasons[-1]
    if not measured:
        return Note(code="nothing_to_compare", text="Only the baseline was measured")
    if not above_chance:
        return Note(
            code="nothing_better_than_chance", text="No variant is surely better than guessing the commonest class"
        )
    if within_budget:
        best = min(within_budget, key=lambda one: _cost(one, "latency"))
        speed = times_as_fast(best.latency, "the baseline") if best.latency else "not timed"
        return Note(
            code="nothing_not_slower",
            text="No variant within the budget is as fast as the baseline; the "
            f"fastest of them, {best.label}, is {speed}",
        )
    return Note(
        code="nothing_within_budget", text=f"No variant is within the budget; what breaks it: {_exceeded(measured)}"
    )


def _exceeded(measured: Collection[Variant]) -> str:
    """The limits of the budget that the variants exceed, all variants together."""
    verdict_codes = {code for variant in measured if variant.verdict for code in variant.verdict.codes}
    labelled = any(variant.accuracy for variant in measured)
    names = {
        codes.ACCURACY_DROP_OVER_BUDGET: "accuracy" if labelled else "agreement",
        codes.LATENCY_OVER_BUDGET: "latency",
        codes.SIZE_OVER_BUDGET: "size",
    }
    return " and ".join(name for code, name in names.items() if code in verdict_codes)


def _time_sentence(report: Report, best: Variant, measured: Collection[Variant]) -> str:
    """A sentence where the recommended variant, one that it came from or its race was cut short.

    Where the baseline is recommended, any variant that was cut short counts. Otherwise the variants that it was
    compared with although their time was up are named.
    """
    cuts, lineage = cut_short(report), {variant.id for variant in report.lineage(best.id)}
    if any(one.variant_id in lineage for one in cuts):
        return "Its time was up: this is the best so far"
    if cuts and best.role == "baseline":
        return "The time was up before all was tried: more minutes may find better"
    late = [one.label for one in measured if one.id in unfinished_ids(report)]
    if not late:
        return ""
    pronoun = "it" if len(late) == 1 else "they"
    return f"The time of {' and of '.join(late)} was up: with more minutes {pronoun} might be better"


def _load_sentence(report: Report) -> str:
    busy = any(warning.code == codes.MACHINE_BUSY for warning in report.warnings)
    return "Other programs were busy meanwhile: take the speed as rough" if busy else ""
