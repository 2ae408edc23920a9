"""How a training step went, epoch by epoch."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.charts.style import canvas
from engine.results import Event

MOST_TICKS = 12


def learning_curve(events: Sequence[Event]) -> go.Figure | None:
    """Losses above, shares (accuracy, in percent) below, over epochs; None before the first epoch has ended."""
    series = _series(events)
    if not series:
        return None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    figure.update_layout(canvas(_alt(series), height=320).layout)
    for name, points in series.items():
        loss = "loss" in name
        figure.add_scatter(
            x=[x for x, _ in points], y=[y if loss else 100 * y for _, y in points], mode="lines+markers",
            name=_words(name), row=1 if loss else 2, col=1, hovertemplate="epoch %{x}: %{y:.4g}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_yaxes(title_text="Loss", row=1)
    figure.update_yaxes(title_text="%", row=2)
    figure.update_xaxes(title_text="Epoch", row=2)
    if len(next(iter(series.values()))) <= MOST_TICKS:
        figure.update_xaxes(dtick=1)
    return figure


def _series(events: Sequence[Event]) -> dict[str, list[tuple[float, float]]]:
    """Every metric beside `epoch` that is a loss or a share, as (epoch, value)."""
    series: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        epoch = event.metrics.get("epoch")
        for name, value in event.metrics.items() if epoch is not None else ():
            if "loss" in name or name.endswith(("top1", "accuracy")):
                series.setdefault(name, []).append((epoch or 0.0, value))
    return series


def _words(name: str) -> str:
    return name.replace("_", " ").replace("top1", "top-1")


def _alt(series: dict[str, list[tuple[float, float]]]) -> str:
    last = ", ".join(f"{_words(name)} {points[-1][1]:.3g}" for name, points in series.items())
    return f"Training by epoch, last values: {last}"
