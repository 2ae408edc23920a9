"""What a figure shows, as a person reads it."""

import plotly.graph_objects as go


def name(trace) -> str:
    """Whose mark it is: the first line of what it says when it is pointed at."""
    return trace.hovertemplate.partition("<br>")[0]


def values(figure: go.Figure) -> dict[str, float]:
    """Where the mark of every row ends, by name."""
    return {
        name(trace): round(trace.x[0] + (trace.base[0] if trace.type == "bar" else 0), 6)
        for trace in figure.data
        if trace.hovertemplate
    }


def colours(figure: go.Figure) -> dict[str, set[str]]:
    """The colours of every row's marks, by name."""
    found: dict[str, set[str]] = {}
    for trace in figure.data:
        if trace.hovertemplate:
            found.setdefault(name(trace), set()).add(trace.marker.line.color or trace.marker.color)
    return found


def texts(figure: go.Figure) -> list[str]:
    """All that is written in the figure beside its axes."""
    return [note.text for note in figure.layout.annotations]


def whisker(figure: go.Figure, whose: str) -> tuple[float, float]:
    """The ends of a row's interval."""
    trace = next(trace for trace in figure.data if trace.type == "scatter" and name(trace) == whose)
    return trace.x[0] - trace.error_x.arrayminus[0], trace.x[0] + trace.error_x.array[0]
