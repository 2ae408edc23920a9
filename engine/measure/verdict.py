"""The verdict on a variant: within the budget or not, faster or not, and what is uncertain."""

from engine.measure.statistics import Z, paired_drop, z_one_sided
from engine.results import Accuracy, Answer, Certainty, ClassLoss, Comparison, Latency, Variant, Verdict, codes
from engine.settings import Budget

NOT_SLOWER_RATIO = 1.02
PROBABLY = 0.8
"""The one-sided confidence from which a loss counts as probably within the budget."""
MOST_FLIPPED = 1.5
"""So many times the images that the budget allows to lose may go from right to wrong, whatever others gain.

In `bench.selection` the images that report then confirm 66 % of the choices in place of 54 %, at 5 % of the speed.
"""


def faster(latency: Latency) -> Answer:
    """yes: the interval of the ratio is below 1; no: it is not below 1 anywhere; unclear: it spans 1."""
    if latency.ratio_high < 1:
        return "yes"
    return "no" if latency.ratio_low >= 1 else "unclear"


def not_slower(latency: Latency) -> bool:
    """The contract's meaning: the interval reaches 1 and the point estimate is at most two percent above."""
    return latency.ratio_low <= 1 and latency.ratio_to_baseline <= NOT_SLOWER_RATIO


def judge(variant: Variant, budget: Budget) -> Verdict:
    """The verdict on a measured variant, from its figures on the images that report."""
    over, unsure = _quality_codes(variant, budget)
    unsure = [*_chance_codes(variant.accuracy), *unsure]
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
    comparison = variant.comparison
    drop, low, high = (comparison.drop, comparison.low, comparison.high) if comparison else (None, None, None)
    return Verdict(
        within_budget=not over,
        faster=answer,
        codes=(*over, *unsure),
        drop=drop,
        drop_low=low,
        drop_high=high,
        certainty=certainty(comparison, budget) if comparison is not None else None,
    )


def certainty(comparison: Comparison, budget: Budget) -> Certainty | None:
    """How sure it is that a loss is within the accuracy budget: `Verdict.certainty` has the meaning.

    The bound of `probably` is that of `paired_drop` at PROBABLY, so that of a hundred losses called so by a bound that
    just holds, about twenty are over the budget. Where an answer is no class, the loss is a mean, and the bound is as
    far from it as a normal distribution with the same interval has it.
    """
    limit = budget.max_accuracy_drop
    if limit is None or comparison.drop > limit:
        return None
    if comparison.high <= limit:
        return "surely"
    return "probably" if _probable_drop(comparison) <= limit else "cannot_tell"


def _probable_drop(comparison: Comparison) -> float:
    """The bound of `probably`. Where answers are no classes, the half of the 95 % interval is scaled to it."""
    if comparison.n_worse is None or comparison.n_better is None:
        return comparison.drop + (comparison.high - comparison.drop) * z_one_sided(PROBABLY) / Z
    return paired_drop(comparison.n_worse, comparison.n_better, comparison.n_images, z_one_sided(PROBABLY))[1]


def over_budget(comparison: Comparison, classes: ClassLoss | None, budget: Budget) -> bool:
    """Whether a loss on the images that choose rules a model out: the loss is over the budget, or a class's surely is.

    The loss itself counts, as in the verdict. The largest loss of many classes is large by chance alone, so it counts
    from where its corrected interval is over the budget as a whole.
    """
    if budget.max_accuracy_drop is not None and comparison.drop > budget.max_accuracy_drop:
        return True
    return budget.max_class_drop is not None and classes is not None and classes.low > budget.max_class_drop


def flips_too_many(comparison: Comparison, budget: Budget) -> bool:
    """Whether more than MOST_FLIPPED times the budget's images went from right to wrong: negative flips.

    Yan et al., https://arxiv.org/abs/2011.09161. A model that keeps the budget nevertheless does so by images that went
    from wrong to right, as many as chance gives, and other images need not repeat that. False where an answer is no
    class, or no loss is ruled out.
    """
    limit, n_worse = budget.max_accuracy_drop, comparison.n_worse
    return limit is not None and n_worse is not None and n_worse > MOST_FLIPPED * limit * comparison.n_images


def _quality_codes(variant: Variant, budget: Budget) -> tuple[list[str], list[str]]:
    """Codes of the losses that are over their budgets, and of those that may be."""
    over: list[str] = []
    unsure: list[str] = []
    for loss, limit, over_code, unsure_code in (
        (
            variant.comparison,
            budget.max_accuracy_drop,
            codes.ACCURACY_DROP_OVER_BUDGET,
            codes.ACCURACY_DROP_UNCERTAIN,
        ),
        (variant.class_loss, budget.max_class_drop, codes.CLASS_DROP_OVER_BUDGET, codes.CLASS_DROP_UNCERTAIN),
    ):
        if loss is None or limit is None:
            continue
        if loss.drop > limit:
            over.append(over_code)
        elif loss.high > limit:
            unsure.append(unsure_code)
    return over, unsure


def _chance_codes(accuracy: Accuracy | None) -> list[str]:
    codes_by_answer = {"no": [codes.NO_BETTER_THAN_CHANCE], "unclear": [codes.CHANCE_UNCERTAIN]}
    return codes_by_answer.get(accuracy.better_than_chance or "", []) if accuracy is not None else []


def _slowest_ms(variant: Variant) -> float:
    """The upper end of the interval of a call's p50, which is where the interval of the throughput begins."""
    throughput = variant.throughput
    return throughput.batch_size * 1000 / throughput.low if throughput is not None else 0.0
