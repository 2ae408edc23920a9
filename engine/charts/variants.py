"""The names and colours of a report's variants, the same in all charts.

The candidates of races are only in the chart of their race.
"""

from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, label, unbroken
from engine.results import Report, Variant, codes

CANNOT_TELL = (CANDIDATE, "cannot tell whether slower")
"""The colour and the remark of a speed that is too low, but whose interval reaches the baseline's."""
REMARKS = {
    codes.SLOWER_THAN_BASELINE: (OVER, "slower"),
    codes.NO_BETTER_THAN_CHANCE: (OVER, "no better than guessing"),
    codes.CHANCE_UNCERTAIN: (CANDIDATE, "not surely better than guessing"),
}
"""The colour and the remark for a code of a verdict, the gravest first."""


def colour(report: Report, variant: Variant) -> str:
    """The colour of a variant in every chart of its report.

    BASELINE is for the baseline, also where it is recommended; RECOMMENDED for the recommended variant; OVER for one
    over the budget, slower than the baseline or no better than guessing; CANDIDATE for every other.
    """
    return _colour_and_remark(report, variant)[0]


def remark(report: Report, variant: Variant) -> str:
    """A remark on the variant in a few words: the meaning of its colour, or that it may only guess."""
    return "recommended" if report.recommends(variant) else _colour_and_remark(report, variant)[1]


def variant_names(report: Report) -> dict[str, str]:
    """The wrapped label of every variant by its id; equal labels have a part of the id added."""
    return {variant.id: label(text) for variant, text in _distinct_labels(report)}


def captions(report: Report) -> dict[str, str]:
    """The names by id with their remarks, not wrapped yet."""
    return {
        variant.id: " · ".join(part for part in (text, unbroken(remark(report, variant))) if part)
        for variant, text in _distinct_labels(report)
    }


def _distinct_labels(report: Report) -> list[tuple[Variant, str]]:
    labels = [label(variant.label) for variant in report.main_variants]
    return [
        (v, v.label if labels.count(label(v.label)) == 1 else f"{v.label} · {v.id[:4]}") for v in report.main_variants
    ]


def _colour_and_remark(report: Report, variant: Variant) -> tuple[str, str]:
    verdict = variant.verdict
    if variant.role == "baseline":
        return BASELINE, "" if variant.label.lower() == "baseline" else "baseline"
    if report.recommends(variant):
        return RECOMMENDED, "recommended"
    if verdict is not None and not verdict.within_budget:
        return OVER, "over budget"
    for code, (paint, text) in REMARKS.items():
        if verdict is not None and code in verdict.codes:
            is_unclear = code == codes.SLOWER_THAN_BASELINE and verdict.faster == "unclear"
            return CANNOT_TELL if is_unclear else (paint, text)
    return CANDIDATE, ""
