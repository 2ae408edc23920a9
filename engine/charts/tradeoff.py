"""Accuracy against latency, with the file size as the bubble: what is gained and what it costs, in one look."""

import math

import plotly.graph_objects as go

from engine.charts.accuracy import lowest_accuracy
from engine.charts.style import canvas, reference
from engine.charts.variants import colour, drawn, names
from engine.results import Report, Variant

LARGEST_BUBBLE = 64
SMALLEST_BUBBLE = 12


def tradeoff(report: Report) -> go.Figure:
    """Top-1 (without labels: agreement with the baseline), %, over p50, ms; the area of a bubble is the file size."""
    labelled = any(variant.accuracy for variant in report.main_variants)
    points = [
        (v, v.latency.p50_ms, y)
        for v in drawn(report)
        if v.latency is not None and (y := _quality(v, labelled)) is not None
    ]
    quality = "Top-1 accuracy, %" if labelled else "Agreement with the baseline, %"
    figure = canvas(_alt(points, quality), height=420, x_title="Median latency of a call, ms", y_title=quality)
    by_id, largest = names(report), max((v.size_bytes for v, _, _ in points), default=1)
    for variant, p50_ms, y in points:
        _add(figure, variant, p50_ms, y, by_id[variant.id], largest)
    lowest = lowest_accuracy(report) if labelled else None
    if lowest is not None:
        reference(figure, y=100 * lowest, text="accuracy budget")
    if report.recipe.budget.max_latency_ms is not None:
        reference(figure, x=report.recipe.budget.max_latency_ms, text="latency budget")
    _room(figure, [x for _, x, _ in points], [y for _, _, y in points])
    return figure


def _add(figure: go.Figure, variant: Variant, p50_ms: float, y: float, name: str, largest: int) -> None:
    megabytes = variant.size_bytes / 1e6
    diameter = max(LARGEST_BUBBLE * math.sqrt(variant.size_bytes / largest), SMALLEST_BUBBLE)
    figure.add_scatter(
        x=[p50_ms], y=[y], mode="markers+text", text=[f"{name}<br>{megabytes:,.2f} MB"],
        textposition="bottom center", cliponaxis=False,
        marker={"size": diameter, "color": colour(variant), "opacity": 0.75, "line": {"width": 0}},
        hovertemplate=f"{name}<br>%{{x:.3f}} ms<br>%{{y:.2f}} %<br>{megabytes:,.3f} MB<extra></extra>",
    )  # fmt: skip


def _quality(variant: Variant, labelled: bool) -> float | None:
    if labelled:
        return None if variant.accuracy is None else 100 * variant.accuracy.top1
    if variant.role == "baseline":
        return 100.0
    return None if variant.fidelity is None else 100 * variant.fidelity.agreement


def _room(figure: go.Figure, xs: list[float], ys: list[float]) -> None:
    """Space around the bubbles, so that none is cut and small differences are not blown up."""
    if not xs:
        return
    spread = max(max(ys) - min(ys), 1.0)
    figure.update_yaxes(range=[min(ys) - 0.8 * spread, min(max(ys) + 0.5 * spread, 100 + 0.3 * spread)])
    figure.update_xaxes(range=[0, 1.25 * max(xs)])


def _alt(points: list[tuple[Variant, float, float]], quality: str) -> str:
    listed = ", ".join(
        f"{variant.label} {p50_ms:.2f} ms, {y:.2f} %, {variant.size_bytes / 1e6:,.2f} MB"
        for variant, p50_ms, y in points
    )  # fmt: skip
    return f"{quality.removesuffix(', %')} against latency: {listed}"
