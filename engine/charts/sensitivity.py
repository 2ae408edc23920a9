"""The sensitivity of groups of layers to pruning."""

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.scales import Scale, percentages
from engine.charts.style import FOOT, GUIDE, SERIES, canvas, label
from engine.results import Sensitivity
from engine.wording import percent

MOST = 12
GLYPHS = ("●", "◆")
"""The glyphs of solid and of dashed lines, since there are twice as many groups as colours."""
PLOT = 290
"""Pixels of the plot."""


def sensitivity(result: Sensitivity) -> go.Figure:
    """Top-1 (agreement without labels), in percent, over the share of its channels that one group alone lost.

    The twelve groups that lose the most are drawn; the alternative text says where others are left out.
    """
    ranked = sorted(
        (layer for layer in result.layers if layer.points), key=lambda layer: min(p.top1 for p in layer.points)
    )
    layers = ranked[:MOST]
    metric = "Top-1" if result.labelled else "Agreement"
    figure = canvas(
        _alt(result, metric, len(ranked)), height=PLOT + FOOT, x_title="Channels that go, %", y_title=f"{metric}, %"
    )
    largest_ratio = max((100 * point.ratio for layer in layers for point in layer.points), default=100.0)
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=100 * result.top1, y1=100 * result.top1, line=GUIDE, layer="below"
    )
    for number, layer in enumerate(layers):
        points = sorted(layer.points, key=lambda point: point.ratio)
        colour, dashed = SERIES[number % len(SERIES)], number >= len(SERIES)
        figure.add_scatter(
            x=[0.0, *(100 * point.ratio for point in points)],
            y=[100 * result.top1, *(100 * point.top1 for point in points)],
            cliponaxis=False,
            mode="lines+markers",
            name=label(layer.layer),
            hovertemplate="%{x:.0f} %: %{y:.1f} %",
            line={"color": colour, "dash": "dash" if dashed else "solid"},
            marker={"color": colour, "symbol": "diamond" if dashed else "circle"},
        )
    values = [100 * result.top1, *(100 * point.top1 for layer in layers for point in layer.points)]
    figure.update_layout(xaxis=Scale(0.0, largest_ratio).axis(), yaxis=percentages(values).axis())
    key = [
        (GLYPHS[number >= len(SERIES)], SERIES[number % len(SERIES)], layer.layer)
        for number, layer in enumerate(layers)
    ]
    add_key(figure, key, first=f"dotted: as it is, {percent(result.top1, 1)}")
    return figure


def _alt(result: Sensitivity, metric: str, n_layers: int) -> str:
    lowest = sorted((min(point.top1 for point in layer.points), layer.layer) for layer in result.layers if layer.points)
    worst_layers = ", ".join(f"{layer} down to {percent(top1, 1)}" for top1, layer in lowest[:3])
    selection = f", the {MOST} most sensitive of {n_layers} groups" if n_layers > MOST else ""
    before = f"{percent(result.top1, 1)} before{selection}"
    return f"{metric} against the share of channels that one group of layers lost, {before}: {worst_layers}"
