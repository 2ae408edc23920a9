"""The recommended variant of a report, and the reason in words."""

from collections.abc import Collection, Sequence

from engine.measure.chance import learning_note
from engine.measure.choice import choose, cost, is_eligible, is_float, passed_over, with_same_weights
from engine.measure.leaks import leak_note
from engine.measure.verdict import not_slower, over_budget
from engine.results import (
    MEASURES,
    Note,
    Recommendation,
    Report,
    Variant,
    certainty_text,
    codes,
    cut_short,
    example_noun,
    limit_text,
    points,
    quality_name,
    times_as_fast,
    unfinished_ids,
)
from engine.settings import Budget
from engine.wording import many, percent

SUPERLATIVES = {"latency": "fastest", "size": "smallest", "throughput": "highest in throughput"}


def recommend(report: Report) -> Recommendation:
    """The best by the goal, where what it reports meets the budget; else the baseline, with the reason.

    One that flips too many answers on the images that choose comes after those that do not (`flips_too_many`).
    Nothing is chosen on the images that report: where those do not confirm the choice, or only by images that leaked
    (engine/measure/leaks.py), no variant with other weights takes its place, only the baseline's own where they are
    surely faster another way (`with_same_weights`). Of a race, only the winner, a step's variant, can be recommended.
    The reason says where the time was up, where other programs used the cores while latency was measured, and how many
    variants have no speed to be compared by: where none of the others can be chosen, nothing is known to be the best.
    Raises ValueError where the report has no baseline.
    """
    baseline, budget = report.baseline, report.recipe.budget
    if baseline is None:
        raise ValueError(f"the report of {report.run_id} has no baseline")
    judged = [variant for variant in report.variants if variant.role == "step" and variant.verdict]
    measured = [variant for variant in judged if variant.latency]
    eligible = [one for one in measured if is_eligible(one, budget)]
    disturbed = [one for one in judged if one.latency_estimate and not one.latency and is_eligible(one, budget)]
    fast_enough = [one for one in eligible if one.latency and not_slower(one.latency)]
    chosen = choose(fast_enough, report) if fast_enough else None
    if chosen is None:
        best, reason = baseline, _not_measured(disturbed, judged) or _why_none(report, judged, eligible)
    elif doubt := _doubt(chosen, report):
        best, reason = _instead(chosen, doubt, baseline, fast_enough, report)
    else:
        passed = passed_over(chosen, fast_enough, report)
        compared, not_slow = _without(eligible, passed), _without(fast_enough, passed)
        rank = _rank(chosen, compared, not_slow, report, all_of=not passed)
        best, reason = chosen, _reason(chosen, baseline, rank, report)
    sentences = (
        reason.text,
        _flipping_sentence(passed_over(best, fast_enough, report), report),
        _disturbed_sentence(disturbed) if reason.code != codes.NOT_MEASURED else "",
        _time_sentence(report, best, measured),
        _load_sentence(report) if measured else "",
    )
    return Recommendation(id=best.id, reason=Note(code=reason.code, text=". ".join(filter(None, sentences))))


def _without(group: Collection[Variant], others: Collection[Variant]) -> list[Variant]:
    return [one for one in group if one not in others]


def _rank(
    best: Variant, eligible: Collection[Variant], fast_enough: Collection[Variant], report: Report, *, all_of: bool
) -> str:
    """The rank of the best among the variants that can be recommended, never among a race's candidates.

    `all_of` says whether none of them was passed over.
    """
    goal = report.recipe.goal
    whole = min(eligible, key=lambda one: cost(one, goal)) in fast_enough
    group = eligible if whole else fast_enough
    if len(group) < 2:
        return ""
    fastest = min(group, key=lambda one: cost(one, goal))
    noun = example_noun(report)
    images = f" on the {many(best.selection.comparison.n_images, noun)} that choose" if best.selection else ""
    gains = "" if all_of else " and not by gains alone"
    number = f"{len(group)} variants that keep the budget{images}{gains}" + ("" if whole else " and are not slower")
    if fastest is best:
        return f", the {SUPERLATIVES[goal]} of {number}"
    merit = "smaller" if is_float(fastest) else "closer to the baseline"
    return f", as fast as {fastest.label}, the {SUPERLATIVES[goal]} of {number}, and {merit}"


def _doubt(chosen: Variant, report: Report) -> Note | None:
    """Why the chosen variant is not recommended, from the images that report; None where these confirm the choice."""
    return _contradiction(chosen, report) or leak_note(chosen, report)


def _instead(
    chosen: Variant, doubt: Note, baseline: Variant, fast_enough: Sequence[Variant], report: Report
) -> tuple[Variant, Note]:
    """What is recommended in place of the chosen variant, and why: the baseline's weights another way, or the baseline.

    The code is that of the doubt.
    """
    same = with_same_weights(fast_enough, chosen, report)
    if same is None or _doubt(same, report) is not None:
        return baseline, Note(code=doubt.code, text=f"No variant is recommended: {doubt.text}")
    merits = _reason(same, baseline, ", the baseline's own weights", report).text
    return same, Note(code=doubt.code, text=f"{merits}. Nothing with other weights is recommended: {doubt.text}")


def _contradiction(chosen: Variant, report: Report) -> Note | None:
    """What the images that report have against the chosen variant; None where they confirm the choice."""
    verdict = chosen.verdict
    if verdict is None or (verdict.within_budget and not verdict.reaches_chance):
        return None
    noun = example_noun(report)
    if verdict.within_budget:
        text = f"{chosen.label} is not surely better than guessing on the {noun}s that report"
        return Note(code="nothing_better_than_chance", text=text)
    figures = _over_text(chosen, report)
    chance = f"Among few {noun}s that can be chance: more of them, or a wider budget, may decide otherwise"
    text = f"{chosen.label} was chosen, and {figures}. {chance}"
    return Note(code=codes.CHOICE_NOT_CONFIRMED, text=text)


def _over_text(chosen: Variant, report: Report) -> str:
    """What the chosen variant loses on the images that report and on those that chose, with the budget it breaks."""
    verdict, comparison, selection, budget = chosen.verdict, chosen.comparison, chosen.selection, report.recipe.budget
    in_all = verdict is not None and codes.ACCURACY_DROP_OVER_BUDGET in verdict.codes
    loss = comparison if in_all else chosen.class_loss
    if loss is None or comparison is None:
        raise ValueError(f"variant {chosen.id} is over a budget of losses and was never compared")
    noun, metric = example_noun(report), quality_name(chosen) if in_all else "a class"
    limit = limit_text((budget.max_accuracy_drop if in_all else budget.max_class_drop) or 0.0)
    before = None if selection is None else selection.comparison if in_all else selection.class_loss
    seen = ""
    if selection is not None and before is not None:
        seen = f" (on the {many(selection.comparison.n_images, noun)} that choose: {points(before.drop)})"
    images = f"on the {many(comparison.n_images, noun)} that report"
    return f"{images} it loses {points(loss.drop)} of {metric}{seen}, over the budget of {limit}" + (
        "" if in_all else " for a class"
    )


def _reason(best: Variant, baseline: Variant, rank: str, report: Report) -> Note:
    if best.latency is None:
        raise ValueError(f"variant {best.id} was never timed")
    doubt = "" if best.latency.ratio_high < 1 else ", so not surely faster"
    size = f"{percent(best.size_bytes / baseline.size_bytes)} of the size"
    speed = f"{times_as_fast(best.latency, report.reference)}{doubt}"
    certainty = certainty_text(best.verdict, report.recipe.budget, example_noun(report)) if best.verdict else ""
    text = ", ".join(filter(None, (f"{best.label}{rank}: {speed}", size, _loss(best), certainty)))
    return Note(code=f"best_{report.recipe.goal}", text=text)


def _loss(best: Variant) -> str:
    drop = best.verdict.drop if best.verdict else None
    if drop is None:
        return ""
    if best.accuracy is None:
        texts = MEASURES[best.fidelity.measure] if best.fidelity is not None else None
        return texts.participle.format(figure=texts.figure(1 - drop, 1)) if texts is not None else ""
    if drop == 0:
        return "with the same top-1"
    return f"{points(abs(drop))} {'less' if drop > 0 else 'more'} top-1"


def _not_measured(disturbed: Collection[Variant], judged: Collection[Variant]) -> Note | None:
    """Why nothing is recommended where one without a speed might be the best; None where no such variant is."""
    if not disturbed:
        return None
    if len(disturbed) == len(judged):
        text = "No speed could be measured, since other programs disturbed the calls, so nothing is recommended"
    else:
        text = (
            f"Nothing is recommended: other programs disturbed the calls of {len(disturbed)} of "
            f"{many(len(judged), 'variant')}, whose speed is not known, and none of the others can be chosen"
        )
    return Note(code=codes.NOT_MEASURED, text=f"{text}. Measure again on a quiet machine")


def _flipping_sentence(passed: Collection[Variant], report: Report) -> str:
    """Of the one that was passed over and is the best by the goal."""
    if not passed:
        return ""
    first = min(passed, key=lambda one: cost(one, report.recipe.goal))
    if first.selection is None:
        raise ValueError(f"variant {first.id} was never scored on the images that choose")
    loss = first.selection.comparison
    noun, merit = example_noun(report), "smaller" if report.recipe.goal == "size" else "faster"
    return (
        f"{first.label} is {merit} and not taken: of the {many(loss.n_images, noun)} that choose {loss.n_worse} went "
        f"from right to wrong, and only {loss.n_better} that went from wrong to right, as chance may have it, keep it "
        "within the budget"
    )


def _disturbed_sentence(disturbed: Collection[Variant]) -> str:
    if not disturbed:
        return ""
    who = "Another variant is" if len(disturbed) == 1 else f"{len(disturbed)} other variants are"
    return f"{who} not compared, since other programs disturbed the calls: measure again on a quiet machine"


def _why_none(report: Report, judged: Collection[Variant], eligible: Collection[Variant]) -> Note:
    """Why no variant can be chosen; no variant that could be has an estimate of its speed alone."""
    measured = [variant for variant in judged if variant.latency or variant.latency_estimate]
    above_chance = [variant for variant in measured if not _may_guess(variant)]
    doubt = learning_note(report.baseline) if report.baseline else None
    if doubt is not None and not above_chance:
        addition = ", and no variant is surely better than guessing" if measured else ""
        return Note(code=doubt.code, text=f"{doubt.text}{addition}")
    if not measured and any(variant.role == "step" for variant in report.variants):
        baseline_runs = all(warning.code != codes.NOT_TIMED for warning in report.warnings)
        why = "its notes say why it has none" if baseline_runs else "the baseline, which it is taken to, does not run"
        return Note(code="nothing_timed", text=f"No variant has a latency, so none is recommended; {why}")
    reasons = [race.reason for race in report.races if race.reason]
    if not measured and reasons:
        return reasons[-1]
    if not measured:
        return Note(code="nothing_to_compare", text="Only the baseline was measured")
    if not above_chance:
        return Note(
            code="nothing_better_than_chance", text="No variant is surely better than guessing the commonest class"
        )
    if eligible:
        best = min(eligible, key=lambda one: cost(one, "latency"))
        speed = times_as_fast(best.latency, report.reference) if best.latency else "not timed"
        return Note(
            code="nothing_not_slower",
            text="No variant that keeps the budget is as fast as the baseline; the "
            f"fastest of them, {best.label}, is {speed}",
        )
    return Note(
        code="nothing_within_budget",
        text=f"No variant keeps the budget; what breaks it: {_exceeded(above_chance, report.recipe.budget)}",
    )


def _may_guess(variant: Variant) -> bool:
    """Whether a variant may be no better than guessing on the images that choose, or on all where none choose."""
    accuracy = variant.selection.accuracy if variant.selection is not None else variant.accuracy
    return accuracy is not None and accuracy.better_than_chance in ("no", "unclear")


def _exceeded(measured: Collection[Variant], budget: Budget) -> str:
    """The limits that the variants exceed, all together: losses on the images that choose, latency and size."""
    verdict_codes = {code for variant in measured if variant.verdict for code in variant.verdict.codes}
    losses = [one.selection for one in measured if one.selection is not None]
    no_class_limit = budget.model_copy(update={"max_class_drop": None})
    no_total_limit = budget.model_copy(update={"max_accuracy_drop": None})
    names = [quality_name(one) for one in measured]
    quality = "accuracy" if "top-1" in names else names[0]
    exceeded = {
        quality: any(over_budget(one.comparison, one.class_loss, no_class_limit) for one in losses),
        "the accuracy of a class": any(over_budget(one.comparison, one.class_loss, no_total_limit) for one in losses),
        "latency": codes.LATENCY_OVER_BUDGET in verdict_codes,
        "size": codes.SIZE_OVER_BUDGET in verdict_codes,
    }
    return " and ".join(name for name, is_over in exceeded.items() if is_over)


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
