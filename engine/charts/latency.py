"""The latency of one call, and the speed relative to the baseline."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.scales import amounts
from engine.charts.style import canvas, figures
from engine.results import Latency, Report, Variant


def latency(report: Report) -> go.Figure:
    """A row a variant: p50 with a whisker from p50 to p95, in ms a call at the recipe's target.

    Bars from zero, or points on a logarithmic axis where the latencies span more than ten times.
    """
    latencies = _latencies(report)
    intervals = {
        variant.id: Interval(
            value=value.p50_ms,
            low=value.p50_ms,
            high=max(value.p95_ms, value.p50_ms),
            text=f"{figures(value.p50_ms)} ms, p95 {figures(value.p95_ms)}",
            hover=f"p50 {value.p50_ms:.3f} ms<br>p95 {value.p95_ms:.3f} ms",
        )
        for variant, value in latencies
    }
    figures_text = ", ".join(f"{variant.label} {figures(value.p50_ms)} ms" for variant, value in latencies)
    figure = canvas(f"Median latency of a call: {figures_text}", x_title="Latency of a call, ms")
    limit = report.recipe.budget.max_latency_ms
    ends = [end for one in intervals.values() for end in (one.value, one.high)]
    add_intervals(
        figure,
        report,
        intervals,
        amounts([*ends, *([limit] if limit else [])]),
        bars=True,
        references=[Reference(value=limit, text=f"budget {limit:g} ms")] if limit else [],
    )
    return figure


def speed(report: Report) -> go.Figure:
    """How many times as fast as the baseline at its target, which is the line at 1, with the 95 % interval.

    A hollow point is an estimate from processor time, of a variant whose calls other programs disturbed.
    """
    latencies = [(variant, value) for variant, value in _latencies(report) if variant.role != "baseline"]
    intervals = {
        variant.id: Interval(
            value=value.speedup,
            low=value.speedup_low,
            high=value.speedup_high,
            text=f"{figures(value.speedup)}×",
            hover=f"{value.speedup:.3f}×, 95 % interval {value.speedup_low:.3f} to {value.speedup_high:.3f}",
        )
        for variant, value in latencies
    } | _estimates(report)
    figure = canvas(_speed_alt(report, latencies), x_title=f"Speed, times as fast as {report.reference} (×)")
    ends = [end for one in intervals.values() for end in (one.value, one.low, one.high)]
    add_intervals(
        figure,
        report,
        intervals,
        amounts([1.0, *ends], zero=False),
        unit="×",
        references=[Reference(value=1.0, text="baseline")],
    )
    return figure


def _latencies(report: Report) -> list[tuple[Variant, Latency]]:
    return [(variant, variant.latency) for variant in report.main_variants if variant.latency is not None]


def _estimates(report: Report) -> dict[str, Interval]:
    """The speeds, by the ids of variants, that only processor time tells."""
    return {
        variant.id: Interval(
            value=estimate.speedup,
            low=estimate.speedup,
            high=estimate.speedup,
            text=f"≈ {figures(estimate.speedup)}×",
            hover=f"≈ {estimate.speedup:.2g}×, an estimate from processor time: its calls were disturbed",
            is_estimate=True,
        )
        for variant in report.main_variants
        if (estimate := variant.latency_estimate) is not None and variant.role != "baseline"
    }


def _speed_alt(report: Report, latencies: list[tuple[Variant, Latency]]) -> str:
    figures_text = ", ".join(
        f"{variant.label} {value.speedup:.2f} times (95 % interval {value.speedup_low:.2f} to {value.speedup_high:.2f})"
        for variant, value in latencies
    )
    return f"Speed relative to {report.reference}: {figures_text}"
