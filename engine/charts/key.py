"""The key of a chart: the colours of its series, in lines of text above the plot."""

import html
from collections.abc import Iterable

import plotly.graph_objects as go

from engine.charts.style import LINE, shortened

LETTERS = 42
"""Letters of one line, which fit beside the ticks of a y axis on a phone."""
BETWEEN = "\N{NO-BREAK SPACE}" * 3

Entry = tuple[str, str, str]
"""A glyph, its colour and a name."""


def add_key(figure: go.Figure, entries: Iterable[Entry], *, first: str = "", letters: int = LETTERS) -> None:
    """Write the series above the plot, as many in a line as fit its letters; the figure gets higher by the lines.

    `first` is a line above the series.
    """
    lines = [html.escape(first)] if first else []
    free_letters = 0
    for glyph, colour, full_name in entries:
        name = shortened(full_name, letters - 2)
        text = f'<span style="color:{colour}">{glyph}</span> {html.escape(name)}'
        needed = len(name) + len(BETWEEN) + 2
        if needed > free_letters:
            lines.append(text)
            free_letters = letters - needed
        else:
            lines[-1] += f"{BETWEEN}{text}"
            free_letters -= needed
    head = LINE * len(lines) + 8
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref="paper",
        yanchor="top",
        yshift=head,
        align="left",
        text="<br>".join(lines),
        showarrow=False,
        borderpad=0,
    )
    figure.update_layout(margin_t=head, height=figure.layout.height + head - figure.layout.margin.t)
