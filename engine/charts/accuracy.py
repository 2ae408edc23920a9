"""The accuracy of variants, or without labels their agreement with the baseline."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.scales import percentages
from engine.charts.style import canvas
from engine.results import Report
from engine.wording import percent


def accuracy(report: Report) -> go.Figure:
    """Top-1 in percent with its 95 % Wilson interval, and the lowest that the budget allows."""
    intervals = {
        variant.id: Interval(
            value=100 * value.top1,
            low=100 * value.low,
            high=100 * value.high,
            text=f"{100 * value.top1:.2f} %",
            hover=f"{percent(value.top1, 2)}, 95 % interval {percent(value.low, 2)} to {percent(value.high, 2)}",
        )
        for variant in report.main_variants
        if (value := variant.accuracy) is not None
    }
    figures_text = ", ".join(
        f"{v.label} {percent(v.accuracy.top1, 2)}" for v in report.main_variants if v.accuracy is not None
    )
    figure = canvas(f"Top-1 accuracy: {figures_text}", x_title="Top-1 accuracy, %")
    lowest = lowest_accuracy(report)
    ends = [end for one in intervals.values() for end in (one.value, one.low, one.high)]
    add_intervals(
        figure,
        report,
        intervals,
        percentages([*ends, *([100 * lowest] if lowest is not None else [])]),
        reference=Reference(value=100 * lowest, text=f"budget {100 * lowest:.4g} %") if lowest is not None else None,
    )
    return figure


def agreement(report: Report) -> go.Figure:
    """Share of images, %, on which a variant gives the baseline's answer, which may be wrong."""
    intervals = {
        variant.id: Interval(
            value=100 * value.agreement,
            low=100 * value.agreement,
            high=100 * value.agreement,
            text=f"{100 * value.agreement:.2f} %",
            hover=f"{percent(value.agreement, 2)} of images",
        )
        for variant in report.main_variants
        if (value := variant.fidelity) is not None
    }
    figures_text = ", ".join(
        f"{v.label} {percent(v.fidelity.agreement, 2)}" for v in report.main_variants if v.fidelity is not None
    )
    figure = canvas(f"Agreement with the baseline: {figures_text}", x_title="Agreement with the baseline, % of images")
    add_intervals(figure, report, intervals, percentages(one.value for one in intervals.values()))
    return figure


def lowest_accuracy(report: Report) -> float | None:
    """The lowest top-1 within the budget, or None where there is no budget or no labelled baseline."""
    baseline, drop = report.baseline, report.recipe.budget.max_accuracy_drop
    if baseline is None or baseline.accuracy is None or drop is None:
        return None
    return max(baseline.accuracy.top1 - drop, 0.0)
