"""What all charts share: colours by role, a transparent canvas, and escaped text."""

import html
import textwrap

import plotly.graph_objects as go

RECOMMENDED = "#12907F"
"""The recommended variant, the winner of a race, and a sure improvement by a step."""
BASELINE = "#78827E"
"""The baseline, reference lines, differences that are not sure, and candidates that left a race early."""
OVER = "#CB4A3E"
"""Variants over the budget, slower than the baseline or no better than guessing, and sure losses by a step."""
CANDIDATE = "#3F7CC4"
"""Every other variant, and the candidates of a race that are still in it or reached its final."""

SERIES = ("#B5731A", "#8F66C9", "#7A8B2A", "#C2569A", "#A26B4A", "#6B7A99")
"""Curves, splits and groups of layers, which have no role. All colours have a contrast of 3:1 on both pages."""

GUIDE = {"color": BASELINE, "width": 1.5, "dash": "dot"}
"""A reference line."""

TEXT, LINE = 12, 16
"""Pixels: the size of a figure's text, and the height of one line of it."""
WRAP = 32
"""Letters of a name in one line, which fits a phone 390 pixels wide together with a figure beside it."""
MOST_LINES = 3
FOOT = 52
"""Pixels below the plot: ticks, and the title of the axis."""


def canvas(alt: str, *, height: float | None = None, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure that carries its alternative text, transparent, without a legend or a title of its own.

    A figure of rows gets its height from them. No text has a colour of its own, so that it gets that of the page.
    """
    figure = go.Figure()
    figure.update_layout(
        meta={"alt": alt},
        height=height,
        showlegend=False,
        bargap=0.45,
        dragmode=False,
        hovermode="closest",
        font={"size": TEXT},
        margin={"l": 4, "r": 18, "t": 8, "b": FOOT, "pad": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title={"text": x_title, "standoff": 10}, automargin=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(title={"text": y_title, "standoff": 10}, automargin=True, zeroline=False, fixedrange=True)
    return figure


def alt_text(figure: go.Figure) -> str:
    """The alternative text of a figure."""
    return str(figure.layout.meta["alt"])


def label(text: str, width: int = WRAP) -> str:
    """A name as HTML in at most three lines, without its middle where it is longer; its own markup is escaped.

    Lines break at spaces, not at non-breaking ones.
    """
    lines = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    if len(lines) > MOST_LINES:
        lines = [f"{lines[0][: width - 2].rstrip()} …", *lines[1 - MOST_LINES :]]
    return "<br>".join(html.escape(line) for line in lines)


def unbroken(text: str) -> str:
    """The text with non-breaking spaces."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def shortened(text: str, letters: int) -> str:
    """The beginning and the end of a name that is longer than so many letters."""
    return text if len(text) <= letters else f"{text[: letters // 2]}…{text[1 + letters // 2 - letters :]}"


def n_lines(text: str) -> int:
    """How many lines a label has."""
    return text.count("<br>") + 1


def figures(value: float) -> str:
    """A number with three significant digits, trailing zeros included: 0.231, 5.00, 19.7, 1,240."""
    if abs(value) < 1:
        return f"{value:#.3g}"
    return f"{value:,.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"
