"""How much each group of layers can lose."""

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.scales import Scale, percentages
from engine.charts.style import FOOT, GUIDE, SERIES, canvas, label
from engine.results import Sensitivity
from engine.wording import percent

MOST = 12
GLYPHS = ("●", "◆")
"""Of solid lines and of dashed ones: there are twice as many groups as colours."""
PLOT = 290
"""Pixels of the lines."""


def sensitivity(found: Sensitivity) -> go.Figure:
    """Top-1 (agreement without labels), in percent, over the share of its channels that one group alone lost.

    The groups that lose the most are drawn; those beyond twelve are left out, which the alternative text says.
    """
    ranked = sorted((one for one in found.layers if one.points), key=lambda one: min(p.top1 for p in one.points))
    shown = ranked[:MOST]
    what = "Top-1" if found.labelled else "Agreement"
    figure = canvas(
        _alt(found, what, len(ranked)), height=PLOT + FOOT, x_title="Channels that go, %", y_title=f"{what}, %"
    )
    last = max((100 * point.ratio for one in shown for point in one.points), default=100.0)
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=100 * found.top1, y1=100 * found.top1, line=GUIDE, layer="below"
    )
    for number, one in enumerate(shown):
        points = sorted(one.points, key=lambda point: point.ratio)
        colour, second = SERIES[number % len(SERIES)], number >= len(SERIES)
        figure.add_scatter(
            x=[0.0, *(100 * point.ratio for point in points)],
            y=[100 * found.top1, *(100 * point.top1 for point in points)],
            cliponaxis=False,
            mode="lines+markers",
            name=label(one.layer),
            hovertemplate="%{x:.0f} %: %{y:.1f} %",
            line={"color": colour, "dash": "dash" if second else "solid"},
            marker={"color": colour, "symbol": "diamond" if second else "circle"},
        )
    values = [100 * found.top1, *(100 * point.top1 for one in shown for point in one.points)]
    figure.update_layout(xaxis=Scale(0.0, last).axis(), yaxis=percentages(values).axis())
    key = [(GLYPHS[number >= len(SERIES)], SERIES[number % len(SERIES)], one.layer) for number, one in enumerate(shown)]
    add_key(figure, key, first=f"dotted: as it is, {percent(found.top1, 1)}")
    return figure


def _alt(found: Sensitivity, what: str, n_layers: int) -> str:
    lowest = sorted((min(point.top1 for point in one.points), one.layer) for one in found.layers if one.points)
    worst = ", ".join(f"{layer} down to {percent(top1, 1)}" for top1, layer in lowest[:3])
    drawn = f", the {MOST} most sensitive of {n_layers} groups" if n_layers > MOST else ""
    before = f"{percent(found.top1, 1)} before{drawn}"
    return f"{what} against the share of channels that one group of layers lost, {before}: {worst}"
