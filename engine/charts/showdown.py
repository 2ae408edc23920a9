"""A showdown: how many times as fast every row is as the first one."""

from typing import NamedTuple

import plotly.graph_objects as go

from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, canvas, figures, label
from engine.results import Showdown

COLOURS = {"faster": RECOMMENDED, "slower": OVER, "cannot_tell": CANDIDATE}


class _Point(NamedTuple):
    """A row in the chart: times as fast as the first row, with its interval where there is one, and what that is."""

    number: int
    title: str
    times: float
    low: float
    high: float
    words: str
    is_estimate: bool = False


def showdown(result: Showdown) -> go.Figure:
    """A row a file at a target: times as fast as the first row, with the 95 % interval; the first is the line at 1.

    A hollow point is an estimate from processor time, of a row whose calls other programs disturbed.
    """
    points = [point for number in range(len(result.rows)) if (point := _point(result, number))]
    alt = ", ".join(f"{one.title} {one.times:.2f} times ({one.words})" for one in points)
    figure = canvas(f"Speed relative to the first row: {alt}", x_title="Speed, times as fast as the first row (×)")
    scale = amounts([1.0, *(end for one in points for end in (one.times, one.low, one.high))], zero=False)
    middles = add_rows(
        figure,
        [
            Row(
                name=label(one.title),
                text=f"{'≈ ' if one.is_estimate else ''}{figures(one.times)}×",
                bold=one.number == 0,
            )
            for one in points
        ],
    )
    show_x(figure, scale, "×")
    add_reference(figure, scale, 1.0, "first row", middles)
    for one, y in zip(points, middles, strict=True):
        pair = result.pair(one.number, 0)
        add_point(
            figure,
            y,
            one.times,
            one.low,
            one.high,
            colour=COLOURS[pair.verdict] if pair is not None else BASELINE,
            hover=f"{'≈ ' if one.is_estimate else ''}{one.times:.3f}×, {one.words}<extra></extra>",
            hollow=one.is_estimate,
        )
    return figure


def _point(result: Showdown, number: int) -> _Point | None:
    """The row's point; an estimate has no interval, nor has the first row, and what does not run has no point."""
    row = result.rows[number]
    title, latency = result.title(number), row.beside_first
    if latency is None and row.estimate is not None:
        words, times = "an estimate from processor time: its calls were disturbed", row.estimate.speedup
        return _Point(number, title, times, times, times, words, is_estimate=True)
    if latency is None:
        return None
    times, low, high = latency.speedup, latency.speedup_low, latency.speedup_high
    words = f"95 % interval {low:.2f} to {high:.2f}" if number else "which the others are compared with"
    return _Point(number, title, times, low, high, words)
