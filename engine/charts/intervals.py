"""A point with its interval for every variant: the shape of speed, accuracy and agreement alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.variants import colour, drawn, names, top_down
from engine.results import Report


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A measured value between `low` and `high`, and how it is written beside its point."""

    value: float
    low: float
    high: float
    text: str


def add_intervals(figure: go.Figure, report: Report, intervals: Mapping[str, Interval], hover: str) -> None:
    """Draw the interval of every variant that has one (by id); a variant without one has no row."""
    by_id = names(report)
    for variant in drawn(report):
        interval = intervals.get(variant.id)
        if interval is None:
            continue
        figure.add_scatter(
            x=[interval.value], y=[by_id[variant.id]], mode="markers",
            marker={"size": 13, "color": colour(variant)},
            error_x={"type": "data", "symmetric": False, "array": [interval.high - interval.value],
                     "arrayminus": [interval.value - interval.low], "thickness": 2.5, "width": 7},
            customdata=[[interval.low, interval.high]], hovertemplate=hover,
        )  # fmt: skip
        figure.add_annotation(x=interval.value, y=by_id[variant.id], text=interval.text, showarrow=False, yshift=17)
    shown = {by_id[variant.id] for variant in report.main_variants if variant.id in intervals}
    figure.update_yaxes(categoryorder="array", categoryarray=[name for name in top_down(report) if name in shown])
