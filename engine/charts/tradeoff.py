"""Accuracy against latency, with the file size as the area of a bubble."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.accuracy import lowest_accuracy
from engine.charts.placing import Ends, Mark, Offset, annotation, place_labels
from engine.charts.quality import TOP1, QualityAxis, quality_axis
from engine.charts.scales import Scale, amounts
from engine.charts.style import FOOT, GUIDE, LINE, canvas, figures, label, n_lines, unbroken
from engine.charts.variants import captions, colour, variant_names
from engine.results import Report, Variant
from engine.wording import size_text

HEIGHT, HEAD = 320, 48
"""Pixels of the plot, and of the space above it for bubbles at 100 % and the meaning of the dotted lines."""
LARGEST, SMALLEST = 44.0, 7.0
"""Diameters in pixels; smaller files have the smallest, which is not to scale any more."""
ROOM = 0.12
LETTER = 6.0
"""The average pixels of a letter in a wide name."""
LIST_WRAP = 46


@dataclass(frozen=True, kw_only=True)
class Point:
    """A variant with its coordinates in ms and on the axis of quality, and the diameter of its bubble in px."""

    variant: Variant
    p50_ms: float
    quality: float
    diameter: float


def tradeoff(report: Report) -> go.Figure:
    """Top-1 in % (without labels: the similarity to the baseline) over p50, ms; the area of a bubble is the file size.

    Names are beside the points; where they do not all fit, the points are numbered and listed below.
    """
    axis = quality_axis(report)
    points = _points(report, axis)
    lowest = lowest_accuracy(report) if axis is TOP1 else None
    limit_ms, limit = report.recipe.budget.max_latency_ms, None if lowest is None else 100 * lowest
    x_scale = amounts([*(p.p50_ms for p in points), *([limit_ms] if limit_ms else [])], room=ROOM)
    y_scale = axis.scale([*(p.quality for p in points), *([limit] if limit is not None else [])], room=ROOM)
    figure = canvas(
        _alt(points, axis), height=HEIGHT + HEAD + FOOT, x_title="Median latency of a call, ms", y_title=axis.title
    )
    figure.update_layout(margin_t=HEAD, xaxis=x_scale.axis(), yaxis=y_scale.axis())
    lines = _limits(figure, x_scale, y_scale, limit_ms, limit)
    for point in sorted(points, key=lambda point: -point.diameter):
        _add(figure, report, point, axis)
    _label(figure, report, points, x_scale, y_scale, lines)
    return figure


def _points(report: Report, axis: QualityAxis) -> list[Point]:
    largest = max((variant.size_bytes for variant in report.main_variants), default=1)
    return [
        Point(
            variant=variant,
            p50_ms=variant.latency.p50_ms,
            quality=quality,
            diameter=max(LARGEST * math.sqrt(variant.size_bytes / largest), SMALLEST),
        )
        for variant in report.main_variants
        if variant.latency is not None and (quality := _quality(variant, axis)) is not None
    ]


def _quality(variant: Variant, axis: QualityAxis) -> float | None:
    if axis is TOP1:
        return None if variant.accuracy is None else 100 * variant.accuracy.top1
    if variant.role == "baseline":
        return axis.whole
    return None if variant.fidelity is None else axis.whole * variant.fidelity.similarity


def _add(figure: go.Figure, report: Report, point: Point, axis: QualityAxis) -> None:
    variant, paint = point.variant, colour(report, point.variant)
    figure.add_scatter(
        x=[point.p50_ms],
        y=[point.quality],
        mode="markers",
        cliponaxis=False,
        name=html.escape(variant.label),
        marker={"size": point.diameter, "color": _faint(paint), "line": {"width": 2, "color": paint}},
        hovertemplate=f"{html.escape(variant.label)}<br>%{{x:.3f}} ms<br>{axis.text(point.quality)}<br>"
        f"{size_text(variant.size_bytes)}<extra></extra>",
    )


def _faint(colour: str) -> str:
    """The translucent fill of a bubble, so that what it covers stays visible."""
    return f"rgba({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)}, 0.4)"


def _limits(
    figure: go.Figure, x_scale: Scale, y_scale: Scale, limit_ms: float | None, limit: float | None
) -> list[Ends]:
    """Draw the budget as dotted lines and write it above the plot; returns the lines."""
    limit_texts: list[str] = []
    lines: list[Ends] = []
    if limit_ms is not None:
        figure.add_shape(type="line", x0=limit_ms, x1=limit_ms, y0=0, y1=1, yref="y domain", line=GUIDE, layer="below")
        limit_texts.append(f"{limit_ms:g} ms")
        lines.append(((x_scale.fraction(limit_ms), 0.0), (x_scale.fraction(limit_ms), float(HEIGHT))))
    if limit is not None:
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=limit, y1=limit, line=GUIDE, layer="below")
        limit_texts.append(f"{limit:.4g} %")
        lines.append(((0.0, _down(y_scale, limit)), (1.0, _down(y_scale, limit))))
    if limit_texts:
        figure.add_annotation(
            x=0,
            xref="paper",
            y=1,
            yref="paper",
            yshift=HEAD - 4,
            xanchor="left",
            yanchor="top",
            text=f"dotted: budget {', '.join(limit_texts)}",
            showarrow=False,
            borderpad=0,
        )
    return lines


def _label(
    figure: go.Figure, report: Report, points: Sequence[Point], x_scale: Scale, y_scale: Scale, lines: Sequence[Ends]
) -> None:
    """Write names beside the points where all fit, else numbers and a list."""
    by_id = variant_names(report)
    labels = [f"{by_id[point.variant.id]}<br>{size_text(point.variant.size_bytes)}" for point in points]
    offsets = place_labels(_marks(points, labels, x_scale, y_scale), lines, HEIGHT, far=False)
    if None not in offsets:
        _write(figure, points, labels, offsets, x_scale)
        return
    numbers = [str(number) for number in range(1, len(points) + 1)]
    offsets = place_labels(_marks(points, numbers, x_scale, y_scale), lines, HEIGHT, far=True)
    _write(figure, points, numbers, offsets, x_scale)
    _list(figure, report, points)


def _marks(points: Sequence[Point], texts: Sequence[str], x_scale: Scale, y_scale: Scale) -> list[Mark]:
    return [
        Mark(
            x=x_scale.fraction(point.p50_ms),
            y=_down(y_scale, point.quality),
            radius=point.diameter / 2,
            width=LETTER * max(len(line) for line in text.split("<br>")) + 2,
            height=LINE * n_lines(text),
        )
        for point, text in zip(points, texts, strict=True)
    ]


def _down(scale: Scale, value: float) -> float:
    return HEIGHT * (1 - scale.fraction(value))


def _write(
    figure: go.Figure, points: Sequence[Point], texts: Sequence[str], offsets: Sequence[Offset | None], x_scale: Scale
) -> None:
    """Write the texts that have an offset; the others are in the list only."""
    for point, text, offset in zip(points, texts, offsets, strict=True):
        if offset is None:
            continue
        figure.add_annotation(
            annotation(offset, point.diameter / 2), text=text, y=point.quality, x=x_scale.position(point.p50_ms)
        )


def _list(figure: go.Figure, report: Report, points: Sequence[Point]) -> None:
    """Write the numbers with their variants below the axis; the figure gets higher by the list."""
    by_id, below = captions(report), float(FOOT)
    for number, point in enumerate(points, 1):
        parts = (str(number), by_id[point.variant.id], unbroken(size_text(point.variant.size_bytes)))
        text = label(" · ".join(parts), LIST_WRAP)
        figure.add_annotation(
            x=0,
            xref="paper",
            y=0,
            yref="paper",
            yshift=-below,
            xanchor="left",
            yanchor="top",
            text=text,
            align="left",
            showarrow=False,
            borderpad=0,
        )
        below += LINE * n_lines(text) + 3
    figure.update_layout(height=HEIGHT + HEAD + below + 4, margin_b=below + 4)


def _alt(points: Sequence[Point], axis: QualityAxis) -> str:
    figures_text = ", ".join(
        f"{point.variant.label} {figures(point.p50_ms)} ms, {axis.text(point.quality)}, "
        f"{size_text(point.variant.size_bytes)}"
        for point in points
    )
    return f"{axis.name} against latency: {figures_text}"
