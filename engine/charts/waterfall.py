"""What each step of a chain gave and cost: a bar from where the step before it ended to where it ended itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

from engine.charts.style import BETTER, NEUTRAL, WORSE, canvas, label, rows
from engine.results import Race, Report, Variant

Quantity = Literal["size", "latency", "quality"]
KEPT = "FP32 kept"
ROOM = 0.75
"""The axis goes on behind the bars by this share of them, so that their figures fit."""


@dataclass(frozen=True)
class Row:
    """One step of a chain: what it is called, the variant after it, and what it took."""

    name: str
    variant: Variant
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Level:
    """Where a variant stands: the value between `low` and `high`, and how it is written."""

    value: float
    low: float
    high: float
    text: str


def waterfall(report: Report, id: str, quantity: Quantity) -> go.Figure:
    """The chain that leads to a variant, a row a step: file size, MB; median latency, ms; top-1 or agreement, %.

    Green is better than the step before and red is worse, by both whole intervals; grey cannot be told apart. The
    whisker is the 95 % interval of the difference from the baseline, which has none itself.
    """
    level, x_title, change, less = _QUANTITIES[quantity]
    known = [(row.name, found) for row in named(report, id) if (found := level(report, row.variant)) is not None]
    title = x_title(report)
    figure = canvas(_alt(title, known, change), height=rows(len(known)), x_title=title)
    start = 0.0 if less else _start(known)
    before = None
    for name, now in known:
        _bar(figure, name, before, now, start, less)
        text = now.text if before is None else f"{now.text}, {change(before.value, now.value)}"
        figure.add_annotation(x=max(now.high, now.value, before.value if before else 0.0), y=name, text=text,
                              showarrow=False, xanchor="left", xshift=10)  # fmt: skip
        before = now
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(categoryorder="array", categoryarray=[name for name, _ in reversed(known)])
    end = max((found.high for _, found in known), default=1.0)
    figure.update_xaxes(range=[start, end + ROOM * (end - start)])
    if not less:
        figure.update_xaxes(tickvals=_ticks(start))
    return figure


def named(report: Report, id: str) -> list[Row]:
    """The baseline and every step of the chain that leads to a variant, numbered.

    A race that kept FP32 is a step too, whose variant is the one before it.
    """
    made: list[Row] = []
    for variant in report.lineage(id):
        own = variant.settings.label if variant.settings else variant.label
        made.append(Row(label(f"{len(made)} {own}" if made else variant.label), variant, variant.seconds))
        race = _kept(report, variant, id)
        if race is not None:
            made.append(Row(label(f"{len(made)} {KEPT}"), variant, race.seconds))
    return made


def _kept(report: Report, variant: Variant, id: str) -> Race | None:
    """The race after a variant that ended with it, in the chain that leads to `id` or goes on from it."""
    end = report.variant(id)
    stayed = (race for race in report.races if race.winner_id == race.parent_id == variant.id)
    return next((race for race in stayed if variant.id == id or (end and race.branch == end.branch)), None)


def _bar(figure: go.Figure, name: str, before: Level | None, now: Level, start: float, less: bool) -> None:
    begin = start if before is None else before.value
    hover = f"{name}<br>{now.text}<extra></extra>"
    drawn = (before is not None or less) and begin != now.value
    if drawn:
        figure.add_bar(x=[now.value - begin], base=[begin], y=[name], orientation="h", hovertemplate=hover,
                       marker={"color": NEUTRAL if before is None else _colour(before, now, less)})  # fmt: skip
    if drawn and now.low == now.high:
        return  # an exact value, where the bar ends
    figure.add_scatter(
        x=[now.value], y=[name], mode="markers", hovertemplate=hover, marker={"size": 7, "color": NEUTRAL},
        error_x={"type": "data", "symmetric": False, "array": [now.high - now.value],
                 "arrayminus": [now.value - now.low], "thickness": 2, "width": 6, "color": NEUTRAL},
    )  # fmt: skip


def _colour(before: Level, now: Level, less: bool) -> str:
    """What the step did, where the intervals of both ends do not meet."""
    if now.high < before.low:
        return BETTER if less else WORSE
    if now.low > before.high:
        return WORSE if less else BETTER
    return NEUTRAL


def _start(known: list[tuple[str, Level]]) -> float:
    """Where an axis begins that does not begin at nothing: a little below the lowest, at least a point in all."""
    lowest, highest = (edge(found.value for _, found in known) if known else 0.0 for edge in (min, max))
    lowest = min([lowest, *(found.low for _, found in known)])
    return lowest - 0.2 * max(highest - lowest, 1.0)


def _ticks(start: float) -> list[float]:
    """A few round percentages up to 100: behind it there is only room for words."""
    step = next(size for size in (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0) if (100 - start) / size < 6)
    return [100 - step * number for number in range(6) if 100 - step * number >= start]


def _size(report: Report, variant: Variant) -> Level | None:
    megabytes = variant.size_bytes / 1e6
    return Level(value=megabytes, low=megabytes, high=megabytes, text=f"{megabytes:,.2f} MB")


def _latency(report: Report, variant: Variant) -> Level | None:
    """The median of a call, which stands for its ratio to the baseline, with the interval of that ratio."""
    latency = variant.latency
    if latency is None:
        return None
    low, high = (latency.p50_ms * end / latency.ratio_to_baseline for end in (latency.ratio_low, latency.ratio_high))
    return Level(value=latency.p50_ms, low=low, high=high, text=f"{latency.p50_ms:.3g} ms")


def _quality(report: Report, variant: Variant) -> Level | None:
    """The baseline's top-1, or its full agreement with itself, less the drop that was judged, with its interval."""
    base, verdict = report.baseline, variant.verdict
    whole = base.accuracy.top1 if base is not None and base.accuracy is not None else 1.0
    if variant.role == "baseline":
        return Level(value=100 * whole, low=100 * whole, high=100 * whole, text=f"{100 * whole:.2f} %")
    if verdict is None or verdict.drop is None or verdict.drop_low is None or verdict.drop_high is None:
        return None
    value, low, high = (100 * (whole - drop) for drop in (verdict.drop, verdict.drop_high, verdict.drop_low))
    return Level(value=value, low=low, high=high, text=f"{value:.2f} %")


def _percent(before: float, now: float) -> str:
    return _signed(100 * (now / before - 1), 0, "%") if before else "from nothing"


def _points(before: float, now: float) -> str:
    return _signed(now - before, 2, "pt")


def _signed(value: float, digits: int, unit: str) -> str:
    text = f"{value:+.{digits}f}"
    return f"±0 {unit}" if float(text) == 0 else f"{text} {unit}".replace("-", "−")


def _quality_title(report: Report) -> str:
    labelled = report.baseline is not None and report.baseline.accuracy is not None
    return "Top-1 accuracy, %" if labelled else "Agreement with the baseline, %"


def _alt(title: str, known: list[tuple[str, Level]], change: Callable[[float, float], str]) -> str:
    parts, before = [], None
    for name, now in known:
        difference = "" if before is None else f" ({change(before.value, now.value)})"
        parts.append(f"{name.replace('<br>', ' ')} {now.text}{difference}")
        before = now
    return f"{title.partition(',')[0]} after every step: {', '.join(parts)}"


_QUANTITIES: dict[Quantity, tuple[
    Callable[[Report, Variant], Level | None], Callable[[Report], str], Callable[[float, float], str], bool
]] = {
    "size": (_size, lambda report: "File size, MB", _percent, True),
    "latency": (_latency, lambda report: "Latency of a call, ms", _percent, True),
    "quality": (_quality, _quality_title, _points, False),
}  # fmt: skip
"""The level of a variant, the title of the axis, how a difference is written, and whether less is better."""
