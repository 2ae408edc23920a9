"""The effect of each step of a chain: a bar from the value before the step to the value after it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import plotly.graph_objects as go

from engine.charts.quality import quality_axis
from engine.charts.rows import CAP, Row, add_bar, add_point, add_rows
from engine.charts.scales import amounts, show_x
from engine.charts.style import BASELINE, OVER, RECOMMENDED, canvas, figures, label
from engine.results import Race, Report, Variant
from engine.wording import size_text, size_unit

Quantity = Literal["size", "latency", "quality"]
FP32_KEPT = "FP32 kept"


@dataclass(frozen=True)
class ChainStep:
    """One step of a chain: its label, the variant after it, and its seconds."""

    name: str
    variant: Variant
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Level:
    """A quantity of a variant: the value between `low` and `high`, and its text."""

    value: float
    low: float
    high: float
    text: str


def waterfall(report: Report, id: str, quantity: Quantity) -> go.Figure:
    """The chain that leads to a variant, a row a step: file size; median latency, ms; top-1 or similarity.

    Where the intervals before and after a step do not overlap, its bar has the colour of RECOMMENDED for better and of
    OVER for worse; else it is grey. The whisker is the 95 % interval of the difference from the baseline, which itself
    has none.
    """
    level, x_title, difference, less_is_better = _QUANTITIES[quantity]
    change = partial(difference, report)
    levels = [
        (step.name, step_level)
        for step in chain_steps(report, id)
        if (step_level := level(report, step.variant)) is not None
    ]
    title = x_title(report)
    figure = canvas(_alt(title, levels, change), x_title=title)
    previous_levels = [None, *(current for _, current in levels)]
    texts = [
        current.text if previous is None else f"{current.text}, {change(previous.value, current.value)}"
        for previous, (_, current) in zip(previous_levels, levels, strict=False)
    ]
    middles = add_rows(figure, [Row(name=name, text=text) for (name, _), text in zip(levels, texts, strict=True)])
    ends = [end for _, current in levels for end in (current.value, current.low, current.high)]
    scale = amounts(ends) if less_is_better else quality_axis(report).scale(ends)
    show_x(figure, scale)
    for y, previous, (name, current), text in zip(middles, previous_levels, levels, texts, strict=False):
        _draw(
            figure,
            y,
            previous,
            current,
            f"{name}<br>{text}<extra></extra>",
            less_is_better,
            from_zero=less_is_better and not scale.log,
        )
    return figure


def chain_steps(report: Report, id: str) -> list[ChainStep]:
    """The baseline and every step of the chain that leads to a variant, numbered.

    A race that kept FP32 is a step, too; its variant is the one before it.
    """
    steps: list[ChainStep] = []
    for variant in report.lineage(id):
        name = f"{len(steps)} {variant.step_label}" if steps else variant.label
        steps.append(ChainStep(label(name), variant, variant.seconds))
        race = _race_without_gain(report, variant, id)
        if race is not None:
            steps.append(ChainStep(label(f"{len(steps)} {FP32_KEPT}"), variant, race.seconds))
    return steps


def _race_without_gain(report: Report, variant: Variant, id: str) -> Race | None:
    """The race that kept this variant as it was, in the chain that leads to `id` or goes on from it, or None."""
    end = report.variant(id)
    races = (race for race in report.races if race.winner_id == race.parent_id == variant.id)
    return next((race for race in races if variant.id == id or (end and race.branch == end.branch)), None)


def _draw(
    figure: go.Figure,
    y: float,
    previous: Level | None,
    current: Level,
    hover: str,
    less_is_better: bool,
    *,
    from_zero: bool,
) -> None:
    """Draw the bar from the previous value (the baseline's from zero where the axis has it), and its end point."""
    paint = BASELINE if previous is None else _colour(previous, current, less_is_better)
    begin = previous.value if previous is not None else 0.0 if from_zero else current.value
    if begin != current.value:
        add_bar(figure, y, begin, current.value, colour=paint, hover=hover)
    if begin == current.value or current.low < current.high:  # an exact value is where its bar ends
        add_point(
            figure, y, current.value, current.low, current.high, colour=BASELINE, hover=hover, size=7, cap=CAP + 2
        )


def _colour(previous: Level, current: Level, less_is_better: bool) -> str:
    """The colour of a bar, by whether the intervals before and after the step overlap."""
    if current.high < previous.low:
        return RECOMMENDED if less_is_better else OVER
    if current.low > previous.high:
        return OVER if less_is_better else RECOMMENDED
    return BASELINE


def _size(report: Report, variant: Variant) -> Level | None:
    value = variant.size_bytes / _size_unit(report)[0]
    return Level(value=value, low=value, high=value, text=size_text(variant.size_bytes))


def _size_unit(report: Report) -> tuple[float, str]:
    return size_unit(max((variant.size_bytes for variant in report.main_variants), default=1_000_000))


def _latency(report: Report, variant: Variant) -> Level | None:
    """The median of a call, with the interval of its ratio to the baseline."""
    latency = variant.latency
    if latency is None:
        return None
    low, high = (latency.p50_ms * end / latency.ratio_to_baseline for end in (latency.ratio_low, latency.ratio_high))
    return Level(value=latency.p50_ms, low=low, high=high, text=f"{figures(latency.p50_ms)} ms")


def _quality(report: Report, variant: Variant) -> Level | None:
    """The baseline's top-1 (all of it without labels) minus the drop of the verdict, with its interval.

    The interval is limited to the values that there can be.
    """
    axis, base, verdict = quality_axis(report), report.baseline, variant.verdict
    own = axis.whole * (base.accuracy.top1 if base is not None and base.accuracy is not None else 1.0)
    if variant.role == "baseline":
        return Level(value=own, low=own, high=own, text=axis.text(own))
    if verdict is None or verdict.drop is None or verdict.drop_low is None or verdict.drop_high is None:
        return None
    drops = (verdict.drop, verdict.drop_high, verdict.drop_low)
    value, low, high = (min(max(own - axis.whole * drop, axis.least), axis.whole) for drop in drops)
    return Level(value=value, low=low, high=high, text=axis.text(value))


def _percent(report: Report, previous: float, current: float) -> str:
    return _signed(100 * (current / previous - 1), 0, "%") if previous else "from nothing"


def _times(report: Report, previous: float, current: float) -> str:
    return f"{figures(previous / current)}× as fast"


def _points(report: Report, previous: float, current: float) -> str:
    """The difference in points, or in the figure itself where it is no percentage."""
    is_percent = quality_axis(report).is_percent
    return _signed(current - previous, 2, "pt") if is_percent else _signed(current - previous, 4)


def _signed(value: float, digits: int, unit: str = "") -> str:
    text = f"{value:+.{digits}f}"
    return f"{'±0' if float(text) == 0 else text} {unit}".replace("-", "−").rstrip()


def _alt(title: str, levels: list[tuple[str, Level]], change: Callable[[float, float], str]) -> str:
    parts, previous = [], None
    for name, current in levels:
        difference = "" if previous is None else f" ({change(previous.value, current.value)})"
        parts.append(f"{name.replace('<br>', ' ')} {current.text}{difference}")
        previous = current
    return f"{title.partition(',')[0]} after every step: {', '.join(parts)}"


_QUANTITIES: dict[
    Quantity,
    tuple[
        Callable[[Report, Variant], Level | None],
        Callable[[Report], str],
        Callable[[Report, float, float], str],
        bool,
    ],
] = {
    "size": (_size, lambda report: f"File size, {_size_unit(report)[1]}", _percent, True),
    "latency": (_latency, lambda report: "Latency of a call, ms", _times, True),
    "quality": (_quality, lambda report: quality_axis(report).title, _points, False),
}
"""By quantity: the level of a variant, the title of the axis, the text of a difference, and whether less is better."""
