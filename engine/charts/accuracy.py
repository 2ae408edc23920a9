"""How often a variant is right, or, where there are no labels, how often it answers as the baseline does."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, add_intervals
from engine.charts.style import canvas, reference, rows
from engine.results import Report


def accuracy(report: Report) -> go.Figure:
    """Top-1 in percent with its 95 % Wilson interval, and the lowest that the budget allows."""
    intervals = {
        variant.id: Interval(value=100 * value.top1, low=100 * value.low, high=100 * value.high,
                             text=f"{value.top1:.2%}")
        for variant in report.main_variants if (value := variant.accuracy) is not None
    }  # fmt: skip
    listed = ", ".join(f"{v.label} {v.accuracy.top1:.2%}" for v in report.main_variants if v.accuracy is not None)
    figure = canvas(f"Top-1 accuracy: {listed}", height=rows(len(intervals)), x_title="Top-1 accuracy, %")
    add_intervals(
        figure,
        report,
        intervals,
        "%{y}<br>%{x:.2f} %, 95 % interval %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>",
    )
    lowest = lowest_accuracy(report)
    if lowest is not None:
        reference(figure, x=100 * lowest, text="budget")
    return figure


def agreement(report: Report) -> go.Figure:
    """Share of images, %, on which a variant gives the baseline's answer; it does not say that the answer is right."""
    values = {v.label: v.fidelity for v in report.main_variants if v.fidelity is not None}
    listed = ", ".join(f"{name} {value.agreement:.2%}" for name, value in values.items())
    figure = canvas(f"Agreement with the baseline: {listed}", height=rows(len(values)),
                    x_title="Agreement with the baseline, % of images")  # fmt: skip
    intervals = {
        variant.id: Interval(value=100 * value.agreement, low=100 * value.agreement, high=100 * value.agreement,
                             text=f"{value.agreement:.2%}")
        for variant in report.main_variants if (value := variant.fidelity) is not None
    }  # fmt: skip
    add_intervals(figure, report, intervals, "%{y}<br>%{x:.2f} %<extra></extra>")
    return figure


def lowest_accuracy(report: Report) -> float | None:
    """The lowest top-1 within the budget, or None where there is no budget or no labelled baseline."""
    baseline, drop = report.baseline, report.recipe.budget.max_accuracy_drop
    if baseline is None or baseline.accuracy is None or drop is None:
        return None
    return max(baseline.accuracy.top1 - drop, 0.0)
