"""The accuracy of variants, or without labels how close their answers are to the baseline's."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.quality import TOP1, similarity_axis
from engine.charts.style import canvas
from engine.results import MEASURES, Report, similarity_text
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
    figure = canvas(f"Top-1 accuracy: {figures_text}", x_title=TOP1.title)
    lowest = lowest_accuracy(report)
    ends = [end for one in intervals.values() for end in (one.value, one.low, one.high)]
    add_intervals(
        figure,
        report,
        intervals,
        TOP1.scale([*ends, *([100 * lowest] if lowest is not None else [])]),
        reference=Reference(value=100 * lowest, text=f"budget {100 * lowest:.4g} %") if lowest is not None else None,
    )
    return figure


def similarity(report: Report) -> go.Figure:
    """How close the answers are to the baseline's, which may be wrong, in the sense of the report's measure."""
    axis = similarity_axis(report)
    intervals = {
        variant.id: Interval(
            value=axis.whole * value.similarity,
            low=axis.whole * value.similarity,
            high=axis.whole * value.similarity,
            text=similarity_text(value),
            hover=MEASURES[value.measure].sentence.format(figure=similarity_text(value)),
        )
        for variant in report.main_variants
        if (value := variant.fidelity) is not None
    }
    figures_text = ", ".join(
        f"{v.label} {similarity_text(v.fidelity)}" for v in report.main_variants if v.fidelity is not None
    )
    figure = canvas(f"{axis.name}: {figures_text}", x_title=axis.title)
    add_intervals(figure, report, intervals, axis.scale(one.value for one in intervals.values()))
    return figure


def lowest_accuracy(report: Report) -> float | None:
    """The lowest top-1 within the budget, or None where there is no budget or no labelled baseline."""
    baseline, drop = report.baseline, report.recipe.budget.max_accuracy_drop
    if baseline is None or baseline.accuracy is None or drop is None:
        return None
    return max(baseline.accuracy.top1 - drop, 0.0)
