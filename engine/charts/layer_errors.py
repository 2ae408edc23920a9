"""How far the layers of a variant are from FP32: the worst by name, and all of them along the graph."""

import html
from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.rows import Row, add_point, add_rows
from engine.charts.scales import Scale, show_x
from engine.charts.style import CANDIDATE, FOOT, OVER, canvas, label
from engine.results.layer_errors import LayerError, LayerErrors

LayerOrder = Literal["error", "graph"]
MOST = 20
PLOT = 260
"""Pixels of the plot along the graph."""
ROOM = 0.08
ON_ALL, WORST = "●", "○"


def layer_errors(errors: LayerErrors, order: LayerOrder = "error", chosen: str | None = None) -> go.Figure:
    """The SQNR of the layers in dB, on all images together and on the worst image.

    By `error` the 20 lowest, a row each; along the `graph` all layers that differ, left to right. The layer that is
    `chosen` is bold, or marked.
    """
    rows = [row for row in (errors.worst_first if order == "error" else errors.rows) if row.sqnr_db is not None]
    return _along_the_graph(rows, chosen) if order == "graph" else _by_error(rows[:MOST], chosen)


def _by_error(rows: Sequence[LayerError], chosen: str | None) -> go.Figure:
    texts = ", ".join(f"{row.name} {_text(row)}" for row in rows)
    figure = canvas(f"The layers with the largest errors, SQNR in dB: {texts or 'none differs'}", x_title="SQNR, dB")
    middles = add_rows(figure, [Row(name=label(row.name), text=_text(row), bold=row.name == chosen) for row in rows])
    for row, y in zip(rows, middles, strict=True):
        value, low = row.sqnr_db or 0.0, _worst(row)
        add_point(figure, y, value, low, value, colour=CANDIDATE, hover=_hover(row))
    show_x(figure, _scale(rows))
    add_key(figure, [(ON_ALL, CANDIDATE, "all images; line to the worst one")])
    return figure


def _along_the_graph(rows: Sequence[LayerError], chosen: str | None) -> go.Figure:
    lowest = min(rows, key=lambda row: row.sqnr_db or 0.0, default=None)
    summary = f"{len(rows)} layers, the lowest {lowest.name} with {_text(lowest)}" if lowest else "none differs"
    figure = canvas(
        f"SQNR of the layers along the graph, dB: {summary}",
        height=PLOT + FOOT,
        x_title="Layers along the graph, count",
        y_title="SQNR, dB",
    )
    hovers = [_hover(row) for row in rows]
    for name, values, colour, symbol in (
        ("all images", [row.sqnr_db for row in rows], CANDIDATE, "circle"),
        ("the worst image", [_worst(row) for row in rows], OVER, "circle-open"),
    ):
        figure.add_scatter(
            x=list(range(1, len(rows) + 1)),
            y=values,
            mode="lines+markers",
            name=name,
            cliponaxis=False,
            line={"color": colour, "width": 1.5},
            marker={
                "color": colour,
                "symbol": symbol,
                "size": [14 if row.name == chosen else 7 for row in rows],
            },
            hovertext=hovers,
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.update_yaxes(_scale(rows).axis())
    figure.update_xaxes(range=[0.5, max(len(rows), 1) + 0.5])
    add_key(figure, [(ON_ALL, CANDIDATE, "all images"), (WORST, OVER, "the worst image")])
    return figure


def _scale(rows: Sequence[LayerError]) -> Scale:
    """From the worst image's lowest value to the highest, at least one dB."""
    values = [end for row in rows for end in (row.sqnr_db or 0.0, _worst(row))] or [0.0]
    low, high = min(values), max(values)
    beyond = max(ROOM * (high - low), 0.5)
    return Scale(low - beyond, high + beyond)


def _worst(row: LayerError) -> float:
    return row.worst_sqnr_db if row.worst_sqnr_db is not None else row.sqnr_db or 0.0


def _text(row: LayerError) -> str:
    return f"{row.sqnr_db:.1f} dB, worst {_worst(row):.1f}"


def _hover(row: LayerError) -> str:
    parts = [row.name, f"{row.operator}, weights {row.stored}", f"{row.sqnr_db:.1f} dB on all images"]
    if row.worst_image is not None:
        parts.append(f"{_worst(row):.1f} dB on the worst, {row.worst_image}")
    return "<br>".join(html.escape(part) for part in parts)
