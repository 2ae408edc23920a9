"""What the figures of a variant mean."""

from engine.measure.chance import AT_CHANCE
from engine.results import Answer, Latency, Variant, Verdict
from engine.settings import Budget

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
    unsure = [AT_CHANCE] if variant.accuracy is not None and variant.accuracy.no_better_than_chance else []
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
