"""The variants of a report as rows of a chart: one name and one colour for each, whatever is drawn.

The candidates of a race are left to the chart of the race.
"""

from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, label, unbroken
from engine.results import Report, Variant, codes

REMARKS = {
    codes.SLOWER_THAN_BASELINE: (OVER, "slower"),
    codes.NO_BETTER_THAN_CHANCE: (OVER, "no better than guessing"),
    codes.CHANCE_UNCERTAIN: (CANDIDATE, "not surely better than guessing"),
}
"""What a code of a verdict looks like and is called, the gravest first."""


def colour(report: Report, variant: Variant) -> str:
    """The colour of a variant in every chart of its report.

    BASELINE is the baseline, also where nothing better is to be recommended; RECOMMENDED is what is recommended; OVER
    is over the budget, slower than the baseline or no better than guessing; CANDIDATE is every other.
    """
    return _colour_and_remark(report, variant)[0]


def remark(report: Report, variant: Variant) -> str:
    """What there is to know of it, in a word or two: what its colour says, or that it may only guess."""
    return "recommended" if is_recommended(report, variant) else _colour_and_remark(report, variant)[1]


def is_recommended(report: Report, variant: Variant) -> bool:
    """Whether it is what the report says to take home."""
    return report.recommended is not None and report.recommended.id == variant.id


def variant_names(report: Report) -> dict[str, str]:
    """The label of every variant by its id, wrapped; equal labels are told apart by their id."""
    return {variant.id: label(text) for variant, text in _distinct_labels(report)}


def captions(report: Report) -> dict[str, str]:
    """The names by id with what their colours say behind them, to be made a label of."""
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
    if is_recommended(report, variant):
        return RECOMMENDED, "recommended"
    if verdict is not None and not verdict.within_budget:
        return OVER, "over budget"
    for code, (paint, text) in REMARKS.items():
        if verdict is not None and code in verdict.codes:
            return paint, text
    return CANDIDATE, ""
