"""The colours of variants that stand side by side in lanes."""

from collections.abc import Sequence

from engine.charts.style import BASELINE, CANDIDATE, RECOMMENDED, SERIES
from engine.results import Report, Variant


def lane_colours(report: Report, variants: Sequence[Variant]) -> tuple[str, ...]:
    """The baseline's colour, the recommended variant's, and one of its own for each other."""
    others = iter((CANDIDATE, *SERIES))
    return tuple(
        BASELINE if one.role == "baseline" else RECOMMENDED if report.recommends(one) else next(others)
        for one in variants
    )
