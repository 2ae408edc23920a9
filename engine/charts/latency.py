"""How long one call takes, and how that compares with the baseline."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, add_intervals
from engine.charts.style import NEUTRAL, canvas, reference, rows
from engine.charts.variants import colour, drawn, names, top_down
from engine.results import Latency, Report, Variant

ROOM = 1.6
"""The axis is this many times as long as the longest whisker, so that its figures fit beside it."""


def latency(report: Report) -> go.Figure:
    """A bar a variant up to p50, with a whisker from p50 to p95, in ms a call at the recipe's target."""
    by_id, timed = names(report), _timed(report)
    listed = ", ".join(f"{variant.label} {value.p50_ms:.2f} ms" for variant, value in timed)
    figure = canvas(f"Median latency of a call: {listed}", height=rows(len(timed)),
                    x_title="Latency of a call, ms")  # fmt: skip
    for variant in drawn(report):
        value = variant.latency
        if value is None:
            continue
        figure.add_bar(
            x=[value.p50_ms], y=[by_id[variant.id]], orientation="h", marker={"color": colour(variant)},
            error_x={"type": "data", "symmetric": False, "array": [value.p95_ms - value.p50_ms], "arrayminus": [0],
                     "thickness": 2, "width": 6, "color": NEUTRAL},
            hovertemplate="%{y}<br>p50 %{x:.3f} ms<br>p95 %{customdata[0]:.3f} ms<extra></extra>",
            customdata=[[value.p95_ms]],
        )  # fmt: skip
        figure.add_annotation(x=value.p95_ms, y=by_id[variant.id], text=f"{value.p50_ms:.2f}, p95 {value.p95_ms:.2f}",
                              showarrow=False, xanchor="left", xshift=8)  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=top_down(report))
    figure.update_xaxes(range=[0, ROOM * max((value.p95_ms for _, value in timed), default=1.0)])
    if report.recipe.budget.max_latency_ms is not None:
        reference(figure, x=report.recipe.budget.max_latency_ms, text="budget")
    return figure


def speed(report: Report) -> go.Figure:
    """How many times as fast as the baseline, which is the line at 1, with the 95 % bootstrap interval."""
    intervals = {
        variant.id: Interval(value=1 / value.ratio_to_baseline, low=1 / value.ratio_high, high=1 / value.ratio_low,
                             text=f"{1 / value.ratio_to_baseline:.2f}×")
        for variant, value in _timed(report) if variant.role != "baseline"
    }  # fmt: skip
    figure = canvas(_speed_alt(report), height=rows(len(intervals)), x_title="Times as fast as the baseline")
    hover = "%{y}<br>%{x:.3f}×, 95 % interval %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>"
    add_intervals(figure, report, intervals, hover)
    reference(figure, x=1, text="baseline")
    return figure


def _timed(report: Report) -> list[tuple[Variant, Latency]]:
    return [(variant, variant.latency) for variant in report.main_variants if variant.latency is not None]


def _speed_alt(report: Report) -> str:
    listed = ", ".join(
        f"{variant.label} {1 / value.ratio_to_baseline:.2f} times (95 % interval {1 / value.ratio_high:.2f} to "
        f"{1 / value.ratio_low:.2f})"
        for variant, value in _timed(report)
        if variant.role != "baseline"
    )
    return f"Speed relative to the baseline: {listed}"
