"""Which variant to take home, and why, in words."""

from collections.abc import Collection

from engine.measure.chance import reaches_chance, unlearnt
from engine.measure.verdict import not_slower
from engine.results import Note, Recommendation, Report, Variant, codes, cut_short, times_as_fast
from engine.settings import Goal
from engine.wording import percent

SUPERLATIVES = {"latency": "fastest", "size": "smallest", "throughput": "highest in throughput"}


def recommend(report: Report) -> Recommendation:
    """The best variant by the goal of those within the budget that are not slower and surely better than guessing.

    Where there is none it is the baseline, with the reason. A race has chosen among its candidates already: only its
    winner, a step's variant, can be recommended. The reason says where the time was up, and where other programs had
    the cores that latency was measured on. Raises ValueError where the report has no baseline.
    """
    base, goal = report.baseline, report.recipe.goal
    if base is None:
        raise ValueError(f"the report of {report.run_id} has no baseline")
    measured = [
        variant for variant in report.variants if variant.role == "step" and variant.latency and variant.verdict
    ]
    inside = [one for one in measured if one.verdict and one.verdict.within_budget and not reaches_chance(one)]
    good = [one for one in inside if one.latency and not_slower(one.latency)]
    best = min(good, key=lambda one: _cost(one, goal)) if good else base
    reason = _reason(best, base, _rank(best, inside, good, goal), goal) if good else _why_none(report, measured, inside)
    sentences = (reason.text, _time_was_up(report, best), _others_were_busy(report) if measured else "")
    return Recommendation(id=best.id, reason=Note(code=reason.code, text=". ".join(filter(None, sentences))))


def _cost(variant: Variant, goal: Goal) -> float:
    if goal == "size":
        return variant.size_bytes
    if goal == "throughput":
        return -(variant.throughput.images_per_s if variant.throughput else 0.0)
    return variant.latency.ratio_to_baseline if variant.latency else float("inf")


def _rank(best: Variant, inside: Collection[Variant], good: Collection[Variant], goal: Goal) -> str:
    """What the best is the best of: of the variants that may be chosen alone, never of a race's candidates."""
    if len(inside) > 1 and best is min(inside, key=lambda one: _cost(one, goal)):
        return f", the {SUPERLATIVES[goal]} of {len(inside)} variants within the budget"
    if len(good) > 1:
        return f", the {SUPERLATIVES[goal]} of {len(good)} variants within the budget that are not slower"
    return ""


def _reason(best: Variant, base: Variant, rank: str, goal: Goal) -> Note:
    if best.latency is None:
        raise ValueError(f"variant {best.id} was never timed")
    unsure = "" if best.latency.ratio_high < 1 else ", so not surely faster"
    size = f"{percent(best.size_bytes / base.size_bytes)} of the size"
    text = f"{best.label}{rank}: {times_as_fast(best.latency, 'the baseline')}{unsure}, {size}{_loss(best)}"
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


def _why_none(report: Report, measured: Collection[Variant], inside: Collection[Variant]) -> Note:
    able = [variant for variant in measured if not reaches_chance(variant)]
    doubt = unlearnt(report.baseline) if report.baseline else None
    if doubt is not None and not able:
        more = ", and no variant is surely better than guessing" if measured else ""
        return Note(code=doubt.code, text=f"{doubt.text}{more}")
    reasons = [race.reason for race in report.races if race.reason]
    if not measured and reasons:
        return reasons[-1]
    if not measured:
        return Note(code="nothing_to_compare", text="Only the baseline was measured")
    if not able:
        return Note(
            code="nothing_better_than_chance", text="No variant is surely better than guessing the commonest class"
        )
    if inside:
        best = min(inside, key=lambda one: _cost(one, "latency"))
        speed = times_as_fast(best.latency, "the baseline") if best.latency else "not timed"
        return Note(
            code="nothing_not_slower",
            text="No variant within the budget is as fast as the baseline; the "
            f"fastest of them, {best.label}, is {speed}",
        )
    return Note(
        code="nothing_within_budget", text=f"No variant is within the budget; what breaks it: {_broken(measured)}"
    )


def _broken(measured: Collection[Variant]) -> str:
    """What is over the budget, of all variants together."""
    found = {code for variant in measured if variant.verdict for code in variant.verdict.codes}
    labelled = any(variant.accuracy for variant in measured)
    names = {
        codes.ACCURACY_DROP_OVER_BUDGET: "accuracy" if labelled else "agreement",
        codes.LATENCY_OVER_BUDGET: "latency",
        codes.SIZE_OVER_BUDGET: "size",
    }
    return " and ".join(name for code, name in names.items() if code in found)


def _time_was_up(report: Report, best: Variant) -> str:
    """Whether the recommended variant, one that it came from or its race was cut short; of the baseline, whether any
    was that could have been in its place."""
    cut, own = cut_short(report), {variant.id for variant in report.lineage(best.id)}
    if any(one.variant_id in own for one in cut):
        return "Its time was up: this is the best so far"
    if cut and best.role == "baseline":
        return "The time was up before all was tried: more minutes may find better"
    return ""


def _others_were_busy(report: Report) -> str:
    busy = any(warning.code == codes.MACHINE_BUSY for warning in report.warnings)
    return "Other programs were busy meanwhile: take the speed as rough" if busy else ""
