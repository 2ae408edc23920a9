"""Rows: a name and a text above each mark, so that no text overlaps a mark at any width.

The y axis counts pixels down from the top of the plot, as negative numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from engine.charts.scales import Scale
from engine.charts.style import FOOT, GUIDE, LINE, n_lines

MARK, GAP, HEAD = 20, 9, 20
"""Pixels: the height of a mark, the space below it, and the height of a line of text above the plot."""
BAR, CAP = 12, 6
"""Pixels: the height of a bar, and half the cap of a whisker."""
NEAR_END = 0.2
"""In this share of the axis at either end, the text of a reference line is beside the line, else centred on it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A label (see style.label) and the text at the right end of its first line."""

    name: str
    text: str = ""
    bold: bool = False


def add_rows(figure: go.Figure, rows: Sequence[Row]) -> list[float]:
    """Write the rows from the top down and set the figure's height; returns the y of each row's mark."""
    middles, y = [], 0.0
    for row in rows:
        for text, x, anchor in ((row.name, 0, "left"), (row.text, 1, "right")):
            if text:
                figure.add_annotation(
                    x=x,
                    y=y,
                    xref="paper",
                    text=f"<b>{text}</b>" if row.bold else text,
                    showarrow=False,
                    xanchor=anchor,
                    yanchor="top",
                    align=anchor,
                    borderpad=0,
                )
        y -= LINE * n_lines(row.name)
        middles.append(y - MARK / 2 - 2)
        y -= MARK + GAP
    height = max(-y, MARK)
    figure.update_yaxes(range=[-height, 0], tickvals=middles, showticklabels=False, ticks="", automargin=False)
    figure.update_layout(height=height + figure.layout.margin.t + FOOT, bargap=0)
    return middles


def add_bar(
    figure: go.Figure, y: float, begin: float, end: float, *, colour: str, hover: str, width: float = BAR
) -> None:
    """Draw a bar from `begin` to `end`, `width` pixels high."""
    figure.add_bar(
        x=[end - begin],
        base=[begin],
        y=[y],
        width=width,
        orientation="h",
        marker={"color": colour},
        hovertemplate=hover,
    )


def add_point(
    figure: go.Figure,
    y: float,
    value: float,
    low: float,
    high: float,
    *,
    colour: str,
    hover: str,
    size: float = 12,
    cap: float = CAP,
    hollow: bool = False,
) -> None:
    """Draw a point with its whisker, or without one where the value is exact; a size of 0 is the whisker alone.

    A `hollow` one is an estimate.
    """
    whisker = {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 2.5,
        "width": cap,
        "color": colour,
        "visible": low < high,
    }
    figure.add_scatter(
        x=[value],
        y=[y],
        mode="markers",
        cliponaxis=False,
        error_x=whisker,
        hovertemplate=hover,
        marker={
            "size": size or 1,
            "color": colour,
            "opacity": 1 if size else 0,
            "symbol": "circle-open" if hollow else "circle",
            "line": {"width": 2.5 if hollow else 0},
        },
    )


def add_reference(
    figure: go.Figure, scale: Scale, x: float, text: str, middles: Iterable[float], level: int = 0
) -> None:
    """Draw a dotted line at `x`, a piece at every mark and none through a name, with its meaning above the plot.

    The text is above those of the `level` lines before it.
    """
    for y in middles:
        figure.add_shape(type="line", x0=x, x1=x, y0=y - MARK / 2, y1=y + MARK / 2, line=GUIDE, layer="below")
    _note(figure, scale, x, text, level)
    figure.update_layout(margin_t=figure.layout.margin.t + HEAD, height=figure.layout.height + HEAD)


def _note(figure: go.Figure, scale: Scale, x: float, text: str, level: int) -> None:
    """Write a text above the plot at the value `x`, within the figure, on a line of its own."""
    fraction = scale.fraction(x)
    anchor = "left" if fraction < NEAR_END else "right" if fraction > 1 - NEAR_END else "center"
    figure.add_annotation(
        x=fraction,
        xref="x domain",
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor=anchor,
        text=text,
        showarrow=False,
        yshift=2 + HEAD * level,
        borderpad=0,
    )
