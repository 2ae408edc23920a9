"""What the figures mean: the verdict on each variant, and which one to take home."""

from engine.results import Answer, Latency, Note, Race, Recommendation, Variant, Verdict
from engine.settings import Budget, Goal

NOT_SLOWER_RATIO = 1.02


def faster(latency: Latency) -> Answer:
    """yes: the interval of the ratio is below 1; no: it is not below 1 anywhere; unclear: it spans 1."""
    if latency.ratio_high < 1:
        return "yes"
    return "no" if latency.ratio_low >= 1 else "unclear"


def not_slower(latency: Latency) -> bool:
    """The contract's meaning: the interval reaches 1 and the point estimate is at most two percent above."""
    return latency.ratio_low <= 1 and latency.ratio_to_baseline <= NOT_SLOWER_RATIO


def judge(variant: Variant, budget: Budget, drop: tuple[float, float, float] | None) -> Verdict:
    """The verdict on a measured variant; `drop` is its loss against the baseline with its interval."""
    over: list[str] = []
    unsure: list[str] = []
    if drop is not None and budget.max_accuracy_drop is not None:
        if drop[0] > budget.max_accuracy_drop:
            over.append("accuracy_drop_over_budget")
        elif drop[2] > budget.max_accuracy_drop:
            unsure.append("accuracy_drop_uncertain")
    latency = variant.latency
    if latency is not None and budget.max_latency_ms is not None:
        if latency.p50_ms > budget.max_latency_ms:
            over.append("latency_over_budget")
        elif _slowest_ms(variant) > budget.max_latency_ms:
            unsure.append("latency_uncertain")
    if budget.max_size_mb is not None and variant.size_bytes / 1e6 > budget.max_size_mb:
        over.append("size_over_budget")
    answer: Answer = "unclear" if latency is None else faster(latency)
    if latency is not None and not not_slower(latency):
        unsure.append("slower_than_baseline")
    point, low, high = drop if drop is not None else (None, None, None)
    return Verdict(
        within_budget=not over, faster=answer, codes=(*over, *unsure), drop=point, drop_low=low, drop_high=high
    )


def _slowest_ms(variant: Variant) -> float:
    """The upper end of the interval of a call's p50, which is where the interval of the throughput begins."""
    throughput = variant.throughput
    return throughput.batch_size * 1000 / throughput.low if throughput is not None else 0.0


def recommend(
    baseline: Variant, variants: tuple[Variant, ...], budget: Budget, goal: Goal, races: tuple[Race, ...] = (), *,
    quiet: bool = True,
) -> Recommendation:  # fmt: skip
    """The best variant by the goal among those within the budget and not slower; else the baseline, with the reason.

    A race has chosen among its candidates already: only its winner, a step's variant, can be recommended.
    `quiet` is False where other programs had the cores that latency was measured on; the reason then says so.
    """
    measured = [variant for variant in variants if variant.role == "step" and variant.latency and variant.verdict]
    good = [v for v in measured if v.verdict and v.verdict.within_budget and v.latency and not_slower(v.latency)]
    best = min(good, key=lambda variant: _cost(variant, goal)) if good else baseline
    reason = _reason(best, baseline, goal) if good else _why_none(measured, races)
    if not quiet and measured:
        reason = reason.model_copy(
            update={"text": f"{reason.text}. Other programs were busy meanwhile: take the speed as rough"}
        )
    return Recommendation(id=best.id, reason=reason)


def _cost(variant: Variant, goal: Goal) -> float:
    if goal == "size":
        return variant.size_bytes
    if goal == "throughput":
        return -(variant.throughput.images_per_s if variant.throughput else 0.0)
    return variant.latency.ratio_to_baseline if variant.latency else float("inf")


def _reason(best: Variant, baseline: Variant, goal: Goal) -> Note:
    latency, size = best.latency, best.size_bytes / baseline.size_bytes
    if latency is None:
        raise ValueError(f"variant {best.id} was never timed")
    if latency.ratio_high < 1:
        times, slowest, fastest = (
            1 / ratio for ratio in (latency.ratio_to_baseline, latency.ratio_high, latency.ratio_low)
        )
        speed = f"{times:.1f} times as fast as the baseline ({slowest:.1f} to {fastest:.1f})"
    else:
        speed = "as fast as the baseline within the uncertainty"
    loss = _loss(best)
    words = {"latency": "fastest", "size": "smallest", "throughput": "highest in throughput"}[goal]
    return Note(code=f"best_{goal}", text=f"{best.label} is the {words} within the budget: {speed}, "
                                          f"{size:.0%} of the size{loss}")  # fmt: skip


def _loss(best: Variant) -> str:
    drop = best.verdict.drop if best.verdict else None
    if drop is None:
        return ""
    if best.accuracy is None:
        return f", agreeing with the baseline on {1 - drop:.1%} of the inputs"
    if drop == 0:
        return ", with the same top-1"
    return f", {abs(drop) * 100:.1f} points {'less' if drop > 0 else 'more'} top-1"


def _why_none(measured: list[Variant], races: tuple[Race, ...]) -> Note:
    reasons = [race.reason for race in races if race.reason]
    if not measured and reasons:
        return reasons[-1]
    if not measured:
        return Note(code="nothing_to_compare", text="Only the baseline was measured")
    inside = [variant for variant in measured if variant.verdict and variant.verdict.within_budget]
    if inside:
        best = min(variant.latency.ratio_to_baseline for variant in inside if variant.latency)
        return Note(code="nothing_not_slower", text="No variant within the budget is as fast as the baseline; the best "
                                                    f"takes {best:.2f} times its time")  # fmt: skip
    codes = {code for variant in measured if variant.verdict for code in variant.verdict.codes}
    broken = sorted(code.removesuffix("_over_budget") for code in codes if code.endswith("_over_budget"))
    labelled = any(variant.accuracy for variant in measured)
    names = {"accuracy_drop": "accuracy" if labelled else "agreement", "latency": "latency", "size": "size"}
    over = " and ".join(names[name] for name in broken)
    return Note(code="nothing_within_budget", text=f"No variant is within the budget; what breaks it: {over}")
