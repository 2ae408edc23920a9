"""The learning curves of a training step."""

from collections.abc import Sequence
from itertools import cycle

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.charts.key import add_key
from engine.charts.scales import amounts, percentages
from engine.charts.style import SERIES, canvas
from engine.results import Event

MOST_EPOCHS = 12
"""The most epochs that have a tick each."""
HEIGHT, MOST_TICKS = 340, 4
"""Pixels of both panels with their axes, and the most ticks of one panel."""
GLYPH = "●"

Series = dict[str, list[tuple[float, float]]]
"""The values of every metric by its name: (epoch, value)."""


def learning_curve(events: Sequence[Event]) -> go.Figure | None:
    """Losses above, shares (accuracy, in percent) below, over epochs; None before the first epoch has ended."""
    series = _series(events)
    if not series:
        return None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    figure.update_layout(canvas(_alt(series), height=HEIGHT).layout)
    for (name, points), colour in zip(series.items(), cycle(SERIES), strict=False):
        loss = "loss" in name
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y if loss else 100 * y for _, y in points],
            mode="lines+markers",
            name=_metric_name(name),
            row=1 if loss else 2,
            col=1,
            hovertemplate="epoch %{x}: %{y:.4g}<extra></extra>",
            line={"color": colour},
            marker={"color": colour},
            cliponaxis=False,
        )
    _axes(figure, series)
    add_key(figure, ((GLYPH, colour, _metric_name(name)) for name, colour in zip(series, cycle(SERIES), strict=False)))
    return figure


def _axes(figure: go.Figure, series: Series) -> None:
    losses = [y for name, points in series.items() if "loss" in name for _, y in points if y > 0]
    shares = [100 * y for name, points in series.items() if "loss" not in name for _, y in points]
    epochs = [x for points in series.values() for x, _ in points]
    axis_style = {"zeroline": False, "fixedrange": True}
    figure.update_yaxes(axis_style | amounts(losses, most=MOST_TICKS).axis() | _title("Loss"), row=1, automargin=True)
    figure.update_yaxes(
        axis_style | percentages(shares, most=MOST_TICKS).axis() | _title("Images, %"), row=2, automargin=True
    )
    room = 0.02 * (max(epochs) - min(epochs) or 1.0)
    figure.update_xaxes(axis_style | {"range": [min(epochs) - room, max(epochs) + room]})
    figure.update_xaxes(_title("Epoch"), row=2)
    if max(epochs) - min(epochs) < MOST_EPOCHS:
        figure.update_xaxes(dtick=1)


def _title(text: str) -> dict[str, object]:
    return {"title": {"text": text, "standoff": 10}}


def _series(events: Sequence[Event]) -> Series:
    """The metrics of the events that are losses or shares."""
    series: Series = {}
    for event in events:
        epoch = event.metrics.get("epoch")
        for name, value in event.metrics.items() if epoch is not None else ():
            if "loss" in name or name.endswith(("top1", "accuracy")):
                series.setdefault(name, []).append((epoch or 0.0, value))
    return series


def _metric_name(name: str) -> str:
    return name.replace("_", " ").replace("top1", "top-1")


def _alt(series: Series) -> str:
    last = ", ".join(f"{_metric_name(name)} {points[-1][1]:.3g}" for name, points in series.items())
    return f"Training by epoch, last values: {last}"
