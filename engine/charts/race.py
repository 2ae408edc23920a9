"""A race: the speed of each candidate beside FP32, the fidelity of its outputs, and the stage that it reached."""

import html
import math
import textwrap
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from engine.charts.style import BASELINE, CANDIDATE, GUIDE, RECOMMENDED, canvas, figures
from engine.results import Trial, codes

SPEED, SQNR = (0.0, 0.7), (0.77, 1.0)
"""The panels as shares of the width; names are above their rows, so that both panels fit on a phone."""

ENOUGH_DB = 60.0
"""The upper end of the bars: beyond it differences are rounding of floats, and would flatten the scale."""

TICKS: tuple[tuple[float, ...], ...] = (
    (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4),
    (0.5, 0.75, 1.0, 1.5, 2.0),
    (0.25, 0.5, 1.0, 2.0, 4.0),
    (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    (0.01, 0.1, 1.0, 10.0, 100.0),
)
LONGEST_NAME = 44
ROOM = 0.06
"""The share of the axis that is free beyond the speeds at either end."""
STAGES = {"built": "not timed", "screened": "screening", "final": "final"}
FAINT = 0.75
"""Opacity of the text of losers: its contrast is still 4.5 to 1 on the light and the dark page."""
COLOURS = {"won": RECOMMENDED, "in": CANDIDATE, "out": BASELINE}
ROW, HEAD_AND_FOOT = 50, 84
"""Pixels of the row of a candidate, and of the space above and below all rows."""

TrialRow = tuple[int, Trial]
"""The y of a row, and its trial."""


def race(trials: Iterable[Trial], *, recommended: bool = True) -> go.Figure:
    """A row a candidate, the fastest on top: its speed with its interval on a log axis, and its SQNR, dB.

    The winner has RECOMMENDED's colour where the run recommends it (`recommended`), else CANDIDATE's; candidates that
    left before the final are grey, with the stage at which they left.
    """
    colours = COLOURS if recommended else COLOURS | {"won": CANDIDATE}
    ranked = sorted(trials, key=lambda trial: (trial.ratio is None, trial.ratio or 0.0))
    figure = canvas(_alt(ranked), height=HEAD_AND_FOOT + ROW * max(len(ranked), 1))
    rows = [(-row, trial) for row, trial in enumerate(ranked)]
    for group in ("won", "in", "out"):
        timed_rows = [(y, trial) for y, trial in rows if _group(trial) == group and trial.ratio is not None]
        _add_speed(figure, timed_rows, group, colours[group])
    _add_fidelity(figure, [(y, trial) for y, trial in rows if trial.fidelity is not None])
    for y, trial in rows:
        _name(figure, trial, y)
    _axes(figure, ranked)
    return figure


def stage_reached(trial: Trial) -> str:
    """The stage that a candidate reached, in a word."""
    return trial.stage if trial.outcome.code == codes.STARTED else STAGES[trial.stage]


def _group(trial: Trial) -> str:
    if trial.outcome.code == codes.WINNER:
        return "won"
    return "in" if trial.stage == "final" or trial.outcome.code == codes.STARTED else "out"


def _speed(trial: Trial) -> tuple[float, float, float]:
    """Times as fast as FP32, with the ends of the interval."""
    ratio = trial.ratio or math.inf
    return 1 / ratio, 1 / (trial.ratio_high or ratio), 1 / (trial.ratio_low or ratio)


def _add_speed(figure: go.Figure, rows: Sequence[TrialRow], group: str, colour: str) -> None:
    """Add the trace of a group, also of an empty one, with its figures on the right."""
    speeds = [_speed(trial) for _, trial in rows]
    figure.add_scatter(
        x=[value for value, _, _ in speeds],
        y=[y for y, _ in rows],
        mode="markers",
        name=group,
        marker={"size": 15 if group == "won" else 11, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, _, high in speeds],
            "arrayminus": [value - low for value, low, _ in speeds],
            "thickness": 3 if group == "won" else 2,
            "width": 6,
            "color": colour,
        },
        customdata=[
            [html.escape(trial.name), low, high, trial.n_rounds]
            for (_, trial), (_, low, high) in zip(rows, speeds, strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>%{x:.3f}× (%{customdata[1]:.3f} to %{customdata[2]:.3f}), "
        "%{customdata[3]} rounds<extra></extra>",
    )
    for (y, _), (value, _, _) in zip(rows, speeds, strict=True):
        text = f"<b>{figures(value)}×</b>" if group == "won" else f"{figures(value)}×"
        figure.add_annotation(
            x=SPEED[1],
            y=y,
            xref="paper",
            text=text,
            showarrow=False,
            xanchor="right",
            opacity=FAINT if group == "out" else 1,
        )


def _add_fidelity(figure: go.Figure, rows: Sequence[TrialRow]) -> None:
    decibels = [trial.fidelity.sqnr_db if trial.fidelity else None for _, trial in rows]
    figure.add_bar(
        x=[ENOUGH_DB if value is None else min(max(value, 0.0), ENOUGH_DB) for value in decibels],
        y=[y for y, _ in rows],
        xaxis="x2",
        orientation="h",
        width=0.2,
        name="SQNR",
        cliponaxis=False,
        textposition="outside",
        constraintext="none",
        text=["exact" if value is None else f"{value:.0f}" for value in decibels],
        marker={"color": BASELINE},
        customdata=[[html.escape(trial.name), _decibels(trial)] for _, trial in rows],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    )


def _name(figure: go.Figure, trial: Trial, y: int) -> None:
    """Write the name and the stage above the row."""
    name, group = html.escape(textwrap.shorten(trial.name, LONGEST_NAME, placeholder=" …")), _group(trial)
    stage = "won" if group == "won" else stage_reached(trial)
    text = f"<b>{name} · {stage}</b>" if group == "won" else f"{name} · {stage}"
    figure.add_annotation(
        x=0,
        y=y,
        xref="paper",
        text=text,
        showarrow=False,
        xanchor="left",
        yshift=17,
        opacity=FAINT if group == "out" else 1,
    )


def _axes(figure: go.Figure, trials: Sequence[Trial]) -> None:
    ends = [end for trial in trials if trial.ratio is not None for end in _speed(trial)[1:]]
    low, high = min([0.9, *ends]), max([1.1, *ends])
    low, high = low * (low / high) ** ROOM, high * (high / low) ** ROOM
    ticks = next((ticks for ticks in TICKS if ticks[0] <= low * 1.1 and high <= ticks[-1] * 1.1), TICKS[-1])
    ticks = tuple(tick for tick in ticks if low <= tick <= high)
    # The column of figures on the right takes about a quarter of the panel on a phone.
    span = math.log10(high) - math.log10(low)
    figure.update_layout(
        margin={"l": 4, "r": 12, "t": 30},
        xaxis={
            "type": "log",
            "automargin": False,
            "domain": SPEED,
            "range": [math.log10(low), math.log10(high) + 0.38 * span],
            "tickvals": ticks,
            "ticktext": [f"{tick:g}×" for tick in ticks],
            "title": {"text": "Speed beside FP32, ×"},
        },
        xaxis2={
            "domain": SQNR,
            "range": [0, 1.75 * ENOUGH_DB],
            "anchor": "y",
            "fixedrange": True,
            "zeroline": False,
            "tickvals": [0, ENOUGH_DB],
            "ticktext": ["0", "60+"],
            "title": {"text": "SQNR, dB", "standoff": 10},
        },
        yaxis={"automargin": False, "range": [-len(trials) + 0.45, 0.75], "showticklabels": False, "showgrid": False},
    )
    for row in range(len(trials)):  # in pieces, so that it crosses no name
        figure.add_shape(type="line", x0=1, x1=1, y0=-row - 0.4, y1=-row + 0.16, line=GUIDE, layer="below")
    figure.add_annotation(x=0, y=1, yref="paper", text="FP32", showarrow=False, yanchor="bottom")


def _alt(trials: Sequence[Trial]) -> str:
    return "Speed of the candidates beside FP32: " + (", ".join(_trial_text(trial) for trial in trials) or "nobody yet")


def _trial_text(trial: Trial) -> str:
    stage = "won" if _group(trial) == "won" else stage_reached(trial)
    if trial.ratio is None:
        return f"{trial.name} not timed, {_decibels(trial)}"
    value, low, high = _speed(trial)
    return f"{trial.name} {value:.2f} times ({low:.2f} to {high:.2f}, {stage}), {_decibels(trial)}"


def _decibels(trial: Trial) -> str:
    if trial.fidelity is None:
        return "SQNR not measured"
    return "exact" if trial.fidelity.sqnr_db is None else f"SQNR {trial.fidelity.sqnr_db:.1f} dB"
