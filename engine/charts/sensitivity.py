"""How much each group of layers can lose."""

import plotly.graph_objects as go

from engine.charts.style import canvas, label, reference
from engine.results import Sensitivity

MOST = 12
PLOT, NAME = 340, 19  # pixels: the lines with their axes, and one name in the legend below them


def sensitivity(found: Sensitivity) -> go.Figure:
    """Top-1 (agreement without labels), in percent, over the share of its channels that one group alone lost.

    The groups that lose the most are drawn; those beyond twelve are left out, which the alternative text says.
    """
    ranked = sorted((one for one in found.layers if one.points), key=lambda one: min(p.top1 for p in one.points))
    shown = ranked[:MOST]
    what = "Top-1" if found.labelled else "Agreement"
    figure = canvas(_alt(found, what, len(ranked)), height=PLOT + NAME * len(shown), x_title="Channels that go, %",
                    y_title=f"{what}, %")  # fmt: skip
    for one in shown:
        points = sorted(one.points, key=lambda point: point.ratio)
        figure.add_scatter(
            x=[0.0, *(100 * point.ratio for point in points)],
            y=[100 * found.top1, *(100 * point.top1 for point in points)],
            mode="lines+markers", name=label(one.layer), hovertemplate="%{x:.0f} %: %{y:.1f} %",
        )  # fmt: skip
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"})
    reference(figure, y=100 * found.top1, text="as it is")
    return figure


def _alt(found: Sensitivity, what: str, n_layers: int) -> str:
    lowest = sorted((min(point.top1 for point in one.points), one.layer) for one in found.layers if one.points)
    worst = ", ".join(f"{layer} down to {top1:.1%}" for top1, layer in lowest[:3])
    drawn = f", the {MOST} most sensitive of {n_layers} groups" if n_layers > MOST else ""
    return (
        f"{what} against the share of channels that one group of layers lost, {found.top1:.1%} before{drawn}: {worst}"
    )
