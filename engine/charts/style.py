"""What all charts share: a transparent canvas, quiet axes, and text that is safe to show."""

import html
import textwrap

import plotly.graph_objects as go

NEUTRAL = "#8A938F"
"""The baseline and every reference line: readable on the light and on the dark page, and never the theme's accent."""

BETTER, WORSE = "#2A9D6F", "#D2584B"
"""What a step or a variant did, where it is sure: readable on both pages, and told apart by lightness, too."""

ROW_HEIGHT = 50
"""Pixels of one bar or one interval with the space around it."""


def canvas(alt: str, *, height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure that carries its alternative text, transparent, without a legend or a title of its own."""
    figure = go.Figure()
    figure.update_layout(
        meta={"alt": alt}, height=height, showlegend=False, bargap=0.45, dragmode=False, hovermode="closest",
        margin={"l": 8, "r": 24, "t": 16, "b": 44}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_xaxes(title_text=x_title, automargin=True, zeroline=False, fixedrange=True)
    figure.update_yaxes(title_text=y_title, automargin=True, zeroline=False, fixedrange=True)
    return figure


def rows(n: int) -> int:
    """Height in pixels of a chart with `n` rows."""
    return 84 + ROW_HEIGHT * max(n, 1)


def alt_text(figure: go.Figure) -> str:
    """What the figure shows, in words, for whoever cannot see it."""
    return str(figure.layout.meta["alt"])


def label(text: str, width: int = 26) -> str:
    """A name as an axis label: wrapped, and its markup shown as text instead of being obeyed."""
    return "<br>".join(html.escape(line) for line in textwrap.wrap(text, width) or [""])


def reference(figure: go.Figure, *, x: float | None = None, y: float | None = None, text: str) -> None:
    """A dashed line with its meaning beside it."""
    figure.update_layout(margin_t=34)
    line = {"color": NEUTRAL, "width": 1.5, "dash": "dot"}
    note = {"text": html.escape(text), "showarrow": False, "font": {"color": NEUTRAL, "size": 12}}
    if x is not None:
        figure.add_vline(x=x, line=line)
        figure.add_annotation(note, x=x, y=1, yref="paper", xanchor="left", yanchor="bottom", xshift=4)
    if y is not None:
        figure.add_hline(y=y, line=line)
        figure.add_annotation(note, y=y, x=1, xref="paper", xanchor="right", yanchor="bottom", yshift=2)
