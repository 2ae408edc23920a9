"""Charts of one value a variant: a row for each, with a point and its interval or with a bar."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.rows import Row, add_bar, add_point, add_reference, add_rows
from engine.charts.scales import Scale, show_x
from engine.charts.style import label
from engine.charts.variants import captions, colour
from engine.results import Report


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value between `low` and `high`, with its text in the row and its hover text; an estimate is drawn hollow."""

    value: float
    low: float
    high: float
    text: str
    hover: str
    is_estimate: bool = False


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A reference line: a value on the same axis, and its meaning."""

    value: float
    text: str


def add_intervals(
    figure: go.Figure,
    report: Report,
    intervals: Mapping[str, Interval],
    scale: Scale,
    *,
    unit: str = "",
    bars: bool = False,
    references: Sequence[Reference] = (),
) -> None:
    """Draw the intervals, by the id of their variants, the baseline on top; a variant without one has no row.

    With `bars` a value is a bar from zero where the axis has a zero, and its whisker begins at the value.
    """
    by_id, variants = captions(report), [variant for variant in report.main_variants if variant.id in intervals]
    middles = add_rows(
        figure,
        [
            Row(name=label(by_id[variant.id]), text=intervals[variant.id].text, bold=report.recommends(variant))
            for variant in variants
        ],
    )
    show_x(figure, scale, unit)
    for level, reference in enumerate(references):
        add_reference(figure, scale, reference.value, reference.text, middles, level)
    for variant, y in zip(variants, middles, strict=True):
        interval, paint = intervals[variant.id], colour(report, variant)
        hover = f"{html.escape(variant.label)}<br>{interval.hover}<extra></extra>"
        bar = bars and not scale.log
        if bar:
            add_bar(figure, y, 0.0, interval.value, colour=paint, hover=hover)
        if not bar or interval.low < interval.high:
            add_point(
                figure,
                y,
                interval.value,
                interval.low,
                interval.high,
                colour=paint,
                hover=hover,
                size=0 if bar else 12,
                hollow=interval.is_estimate,
            )
