"""The verdict on a variant: within the budget or not, faster or not, and what is uncertain."""

from engine.results import Accuracy, Answer, Latency, Variant, Verdict, codes
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
    unsure = _chance_codes(variant.accuracy)
    if drop is not None and budget.max_accuracy_drop is not None:
        if drop[0] > budget.max_accuracy_drop:
            over.append(codes.ACCURACY_DROP_OVER_BUDGET)
        elif drop[2] > budget.max_accuracy_drop:
            unsure.append(codes.ACCURACY_DROP_UNCERTAIN)
    latency = variant.latency
    if latency is not None and budget.max_latency_ms is not None:
        if latency.p50_ms > budget.max_latency_ms:
            over.append(codes.LATENCY_OVER_BUDGET)
        elif _slowest_ms(variant) > budget.max_latency_ms:
            unsure.append(codes.LATENCY_UNCERTAIN)
    if latency is None and budget.max_latency_ms is not None:
        unsure.append(codes.LATENCY_UNCERTAIN)  # a file that could not be timed is not known to keep it
    if budget.max_size_mb is not None and variant.size_bytes / 1e6 > budget.max_size_mb:
        over.append(codes.SIZE_OVER_BUDGET)
    answer: Answer = "unclear" if latency is None else faster(latency)
    if latency is not None and not not_slower(latency):
        unsure.append(codes.SLOWER_THAN_BASELINE)
    point, low, high = drop if drop is not None else (None, None, None)
    return Verdict(
        within_budget=not over, faster=answer, codes=(*over, *unsure), drop=point, drop_low=low, drop_high=high
    )


def _chance_codes(accuracy: Accuracy | None) -> list[str]:
    codes_by_answer = {"no": [codes.NO_BETTER_THAN_CHANCE], "unclear": [codes.CHANCE_UNCERTAIN]}
    return codes_by_answer.get(accuracy.better_than_chance or "", []) if accuracy is not None else []


def _slowest_ms(variant: Variant) -> float:
    """The upper end of the interval of a call's p50, which is where the interval of the throughput begins."""
    throughput = variant.throughput
    return throughput.batch_size * 1000 / throughput.low if throughput is not None else 0.0
