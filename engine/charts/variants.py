"""The variants of a report as rows of a chart: one name and one colour for each, whatever is drawn.

The candidates of a race are left to the chart of the race.
"""

from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, label, unbroken
from engine.results import Report, Variant


def colour(report: Report, variant: Variant) -> str:
    """The colour of a variant in every chart of its report.

    BASELINE is the baseline, also where nothing better is to be recommended; RECOMMENDED is what is recommended; OVER
    is over the budget, slower than the baseline or no better than chance; CANDIDATE is every other.
    """
    return _standing(report, variant)[0]


def remark(report: Report, variant: Variant) -> str:
    """What its colour says, in a word or two; nothing for a candidate."""
    return "recommended" if is_recommended(report, variant) else _standing(report, variant)[1]


def is_recommended(report: Report, variant: Variant) -> bool:
    """Whether it is what the report says to take home."""
    return report.recommended is not None and report.recommended.id == variant.id


def names(report: Report) -> dict[str, str]:
    """The label of every variant by its id, wrapped; equal labels are told apart by their id."""
    return {variant.id: label(text) for variant, text in _told_apart(report)}


def captions(report: Report) -> dict[str, str]:
    """The names by id with what their colours say behind them, to be made a label of."""
    return {
        variant.id: " · ".join(part for part in (text, unbroken(remark(report, variant))) if part)
        for variant, text in _told_apart(report)
    }


def _told_apart(report: Report) -> list[tuple[Variant, str]]:
    labels = [label(variant.label) for variant in report.main_variants]
    return [
        (v, v.label if labels.count(label(v.label)) == 1 else f"{v.label} · {v.id[:4]}") for v in report.main_variants
    ]


def _standing(report: Report, variant: Variant) -> tuple[str, str]:
    verdict = variant.verdict
    if variant.role == "baseline":
        return BASELINE, "" if variant.label.lower() == "baseline" else "baseline"
    if is_recommended(report, variant):
        return RECOMMENDED, "recommended"
    if verdict is not None and not verdict.within_budget:
        return OVER, "over budget"
    for code, words in (("slower_than_baseline", "slower"), ("no_better_than_chance", "no better than chance")):
        if verdict is not None and code in verdict.codes:
            return OVER, words
    return CANDIDATE, ""
