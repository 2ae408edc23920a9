"""What all charts share: the roles of colour, a transparent canvas, and text that is safe to show."""

import html
import textwrap

import plotly.graph_objects as go

RECOMMENDED = "#12907F"
"""What to take home, the winner of a race, and what a step surely made better."""
BASELINE = "#78827E"
"""The baseline, every reference line, what cannot be told apart, and what left a race early."""
OVER = "#CB4A3E"
"""Over the budget, slower than the baseline, no better than guessing, and what a step surely made worse."""
CANDIDATE = "#3F7CC4"
"""Every other variant, and every candidate of a race that is in it or reached its final."""

SERIES = ("#B5731A", "#8F66C9", "#7A8B2A", "#C2569A", "#A26B4A", "#6B7A99")
"""Curves, splits and groups of layers, which have no role. All colours here have at least 3:1 on both pages."""

GUIDE = {"color": BASELINE, "width": 1.5, "dash": "dot"}
"""A reference line."""

TEXT, LINE = 12, 16
"""Pixels: the size of a figure's text, and the height of one line of it."""
WRAP = 32
"""Letters of a name in one line: with a figure beside it they fit the card of a phone 390 pixels wide."""
MOST_LINES = 3
FOOT = 52
"""Pixels below the plot: ticks, and the title of the axis."""


def canvas(alt: str, *, height: float | None = None, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure that carries its alternative text, transparent, without a legend or a title of its own.

    Rows decide the height themselves. No text has a colour of its own: whoever shows the figure gives it that of the
    page.
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
    """What the figure shows, in words, for whoever cannot see it."""
    return str(figure.layout.meta["alt"])


def label(text: str, width: int = WRAP) -> str:
    """A name in at most three lines, its middle left out beyond that; its markup is shown instead of being obeyed.

    A line ends at a space, not at a non-breaking one.
    """
    lines = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    if len(lines) > MOST_LINES:
        lines = [f"{lines[0][: width - 2].rstrip()} …", *lines[1 - MOST_LINES :]]
    return "<br>".join(html.escape(line) for line in lines)


def unbroken(text: str) -> str:
    """The text with spaces at which no label is wrapped."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def shortened(text: str, letters: int) -> str:
    """The beginning and the end of a name that is longer than so many letters."""
    return text if len(text) <= letters else f"{text[: letters // 2]}…{text[1 + letters // 2 - letters :]}"


def n_lines(text: str) -> int:
    """How many lines a label has."""
    return text.count("<br>") + 1


def figures(value: float) -> str:
    """A number in three digits, the zeros at its end among them: 0.231, 5.00, 19.7, 1,240."""
    if abs(value) < 1:
        return f"{value:#.3g}"
    return f"{value:,.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"
