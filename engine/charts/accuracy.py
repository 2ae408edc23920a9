"""The accuracy of variants, or without labels how close their answers are to the baseline's."""

import plotly.graph_objects as go

from engine.charts.intervals import Interval, Reference, add_intervals
from engine.charts.quality import TOP1, QualityAxis, similarity_axis
from engine.charts.style import canvas
from engine.results import MEASURES, Fidelity, Report, Variant, similarity_text
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
        references=[Reference(value=100 * lowest, text=f"budget {100 * lowest:.4g} %")] if lowest is not None else [],
    )
    return figure


def similarity(report: Report) -> go.Figure:
    """How close the answers are to the baseline's, which may be wrong, in the sense of the report's measure."""
    axis, limit = similarity_axis(report), report.recipe.budget.max_accuracy_drop
    intervals = {
        variant.id: _similarity(axis, variant, value)
        for variant in report.main_variants
        if (value := variant.fidelity) is not None
    }
    figures_text = ", ".join(
        f"{v.label} {similarity_text(v.fidelity)}" for v in report.main_variants if v.fidelity is not None
    )
    figure = canvas(f"{axis.name}: {figures_text}", x_title=axis.title)
    ends = [end for one in intervals.values() for end in (one.low, one.value, one.high)]
    lowest = None if limit is None else axis.whole * max(1 - limit, axis.least / axis.whole)
    references = [Reference(value=axis.whole, text="baseline")]
    if lowest is not None:
        references.append(Reference(value=lowest, text=f"budget {axis.text(lowest)}"))
    scale = axis.scale([*ends, *(one.value for one in references)])
    add_intervals(figure, report, intervals, scale, references=references)
    return figure


def _similarity(axis: QualityAxis, variant: Variant, fidelity: Fidelity) -> Interval:
    """The figure with the 95 % interval of its mean, where the variant was compared."""
    value, comparison, text = axis.whole * fidelity.similarity, variant.comparison, similarity_text(fidelity)
    sentence = MEASURES[fidelity.measure].sentence.format(figure=text)
    low, high = value, value
    if comparison is not None and variant.accuracy is None:
        low, high = (
            min(max(axis.whole * (1 - drop), axis.least), axis.whole) for drop in (comparison.high, comparison.low)
        )
        sentence += f", 95 % interval {axis.text(low)} to {axis.text(high)}"
    return Interval(value=value, low=low, high=high, text=text, hover=sentence)


def lowest_accuracy(report: Report) -> float | None:
    """The lowest top-1 within the budget, or None where there is no budget or no labelled baseline."""
    baseline, drop = report.baseline, report.recipe.budget.max_accuracy_drop
    if baseline is None or baseline.accuracy is None or drop is None:
        return None
    return max(baseline.accuracy.top1 - drop, 0.0)
