"""A showdown: how many times as fast every row is as the first one."""

import plotly.graph_objects as go

from engine.charts.rows import Row, add_point, add_reference, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, canvas, figures, label
from engine.results import Showdown, ShowdownRow, row_title

COLOURS = {"faster": RECOMMENDED, "slower": OVER, "cannot_tell": CANDIDATE}


def showdown(result: Showdown) -> go.Figure:
    """A row a file at a target: times as fast as the first row, with the 95 % interval; the first is the line at 1.

    A hollow point is an estimate from processor time, of a row whose calls other programs disturbed.
    """
    rows = [(number, row, speed) for number, row in enumerate(result.rows) if (speed := _speed(result, number))]
    figure = canvas(_alt(rows), x_title="Speed, times as fast as the first row (×)")
    ends = [end for _, _, speed in rows for end in speed]
    scale = amounts([1.0, *ends], zero=False)
    middles = add_rows(
        figure,
        [
            Row(
                name=label(row_title(row)),
                text=f"{'≈ ' if row.latency is None else ''}{figures(speed[0])}×",
                bold=number == 0,
            )
            for number, row, speed in rows
        ],
    )
    show_x(figure, scale, "×")
    add_reference(figure, scale, 1.0, "first row", middles)
    for (number, row, speed), y in zip(rows, middles, strict=True):
        pair = result.pair(number, 0)
        times, low, high = speed
        add_point(
            figure,
            y,
            times,
            low,
            high,
            colour=COLOURS[pair.verdict] if pair is not None else BASELINE,
            hover=f"{times:.3f}×, 95 % interval {low:.3f} to {high:.3f}<extra></extra>",
            hollow=row.latency is None,
        )
    return figure


def _speed(result: Showdown, number: int) -> tuple[float, float, float] | None:
    """Times as fast as the first row, with its interval; an estimate has none, and what does not run no speed."""
    row = result.rows[number]
    if row.latency is not None:
        return row.latency.speedup, row.latency.speedup_low, row.latency.speedup_high
    return None if row.estimate is None else (row.estimate.speedup,) * 3


def _alt(rows: list[tuple[int, ShowdownRow, tuple[float, float, float]]]) -> str:
    texts = ", ".join(
        f"{row_title(row)} {times:.2f} times (95 % interval {low:.2f} to {high:.2f})"
        for _, row, (times, low, high) in rows
    )
    return f"Speed relative to the first row: {texts}"
