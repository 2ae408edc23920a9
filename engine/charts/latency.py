"""How long one call takes, and how that compares with the baseline."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, add_intervals
from engine.charts.style import canvas, reference, rows
from engine.charts.variants import colour, drawn, names, top_down
from engine.results import Latency, Report


def latency(report: Report) -> go.Figure:
    """A bar a variant up to p50, with a whisker from p50 to p95, in ms a call at the recipe's target."""
    by_id, timed = names(report), _timed(report)
    listed = ", ".join(f"{name} {value.p50_ms:.2f} ms" for name, value in timed.items())
    figure = canvas(f"Median latency of a call: {listed}", height=rows(len(timed)),
                    x_title="Latency of a call, ms: median, whisker to p95")  # fmt: skip
    for variant in drawn(report):
        value = variant.latency
        if value is None:
            continue
        figure.add_bar(
            x=[value.p50_ms], y=[by_id[variant.id]], orientation="h", marker={"color": colour(variant)},
            error_x={"type": "data", "symmetric": False, "array": [value.p95_ms - value.p50_ms], "arrayminus": [0],
                     "thickness": 2, "width": 6},
            text=[f"{value.p50_ms:.2f}"], textposition="inside", insidetextanchor="start", textfont={"color": "white"},
            hovertemplate="%{y}<br>p50 %{x:.3f} ms<br>p95 %{customdata[0]:.3f} ms<extra></extra>",
            customdata=[[value.p95_ms]],
        )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=top_down(report))
    figure.update_xaxes(rangemode="tozero")
    if report.recipe.budget.max_latency_ms is not None:
        reference(figure, x=report.recipe.budget.max_latency_ms, text="budget")
    return figure


def speed(report: Report) -> go.Figure:
    """How many times as fast as the baseline: the inverse of the latency ratio and of its 95 % bootstrap interval."""
    figure = canvas(_speed_alt(report), height=rows(len(report.variants)), x_title="Times as fast as the baseline")
    intervals = {
        variant.id: Interval(value=1 / value.ratio_to_baseline, low=1 / value.ratio_high, high=1 / value.ratio_low,
                             text=f"{1 / value.ratio_to_baseline:.2f}×")
        for variant in report.variants if (value := variant.latency) is not None
    }  # fmt: skip
    add_intervals(
        figure,
        report,
        intervals,
        "%{y}<br>%{x:.3f}×, 95 % interval %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
    )
    reference(figure, x=1, text="baseline")
    return figure


def _timed(report: Report) -> dict[str, Latency]:
    return {variant.label: variant.latency for variant in report.variants if variant.latency is not None}


def _speed_alt(report: Report) -> str:
    listed = ", ".join(
        f"{name} {1 / value.ratio_to_baseline:.2f} times (95 % interval {1 / value.ratio_high:.2f} to "
        f"{1 / value.ratio_low:.2f})"
        for name, value in _timed(report).items()
    )
    return f"Speed relative to the baseline: {listed}"
