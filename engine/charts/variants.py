"""The variants of a report as rows of a chart: one order and one colour for each, whatever is drawn.

The candidates of a race are left to the chart of the race.
"""

from engine.charts.style import NEUTRAL, label
from engine.results import Report, Variant


def drawn(report: Report) -> tuple[Variant, ...]:
    """The recommended variant first, the baseline last, so that the theme's first colour marks what to take home."""
    best = report.recommended.id if report.recommended else None
    return tuple(sorted(report.main_variants, key=lambda variant: (variant.role == "baseline", variant.id != best)))


def names(report: Report) -> dict[str, str]:
    """The label of every variant by its id; equal labels are told apart by their chain or their id."""
    labels = [variant.label for variant in report.main_variants]
    return {
        v.id: label(v.label if labels.count(v.label) == 1 else f"{v.label} · {v.id[:4]}") for v in report.main_variants
    }


def colour(variant: Variant) -> str | None:
    """Neutral for the baseline; None leaves it to the theme."""
    return NEUTRAL if variant.role == "baseline" else None


def top_down(report: Report) -> list[str]:
    """The names from the bottom of the chart to its top, so that the baseline is read first."""
    by_id = names(report)
    return [by_id[variant.id] for variant in reversed(report.main_variants)]
