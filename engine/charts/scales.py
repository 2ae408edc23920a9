"""The scales of axes: their ranges and round ticks; logarithmic where the values span more than a factor of ten."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import plotly.graph_objects as go

WIDE = 10.0
"""Above this factor between the largest and the smallest value, an axis that need not show zero is logarithmic."""
ROOM = 0.06
"""The share of the axis that is free beyond the values at either end."""
MOST_TICKS = 6
"""The most ticks, as many as fit side by side on a phone."""
FACTORS: tuple[tuple[int, ...], ...] = ((1, 2, 5), (1, 3), (1,))
"""The ticks of a decade: the first set that fits."""


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`, both in the units of the values.

    It has at most `most` ticks, or one more if it is logarithmic; with `integers`,
    only at whole numbers.
    """

    low: float
    high: float
    log: bool = False
    integers: bool = False
    most: int = MOST_TICKS

    @property
    def ends(self) -> tuple[float, float]:
        """The range in Plotly's form: exponents of ten on a logarithmic axis."""
        return self.position(self.low), self.position(self.high)

    def position(self, value: float) -> float:
        """A value in Plotly's form for annotations: the exponent of ten on a logarithmic axis."""
        return math.log10(value) if self.log else value

    def fraction(self, value: float) -> float:
        """The position of a value between the ends of the axis: 0 is the low one, 1 the high one."""
        low, high = self.ends
        return (self.position(value) - low) / (high - low)

    @property
    def ticks(self) -> dict[float, str]:
        """Round values with their texts, all different; at the low end only zero, others would be cut off."""
        tick_texts = _factors(self) if self.log else _steps(self)
        return {value: text for value, text in tick_texts.items() if value == 0 or self.fraction(value) > ROOM / 2}

    def axis(self, unit: str = "") -> dict[str, object]:
        """The part of a Plotly axis that the scale decides; `unit` is appended to every tick."""
        ticks = self.ticks
        return {
            "type": "log" if self.log else "linear",
            "range": list(self.ends),
            "tickvals": list(ticks),
            "ticktext": [f"{text}{unit}" for text in ticks.values()],
        }


def amounts(values: Iterable[float], *, zero: bool = True, room: float = ROOM, most: int = MOST_TICKS) -> Scale:
    """The scale of sizes, times and factors: from zero or around the values; logarithmic for a wide span."""
    finite = list(values) or [1.0]
    low, high = min(finite), max(finite)
    if low > 0 and high / low > WIDE:
        beyond = (high / low) ** room
        return Scale(low / beyond, high * beyond, log=True, most=most)
    if zero:
        return Scale(0.0, (1 + room) * (high or 1.0), most=most)
    beyond = room * ((high - low) or high or 1.0)
    return Scale(low - beyond, high + beyond, most=most)


def percentages(values: Iterable[float], *, room: float = ROOM, most: int = MOST_TICKS) -> Scale:
    """The scale of percentages: around the values, at least one point long, within 0 and 100."""
    return shares(values, 100.0, room=room, most=most)


def shares(
    values: Iterable[float], whole: float, *, least: float = 0.0, room: float = ROOM, most: int = MOST_TICKS
) -> Scale:
    """The scale of shares of a whole: around the values, at least a hundredth of it long, within `least` and it."""
    finite = list(values) or [whole]
    low, high, shortest = min(finite), max(finite), whole / 100
    beyond = max(room * (high - low), (shortest - (high - low)) / 2)
    end = min(high + beyond, whole)
    return Scale(max(min(low - beyond, end - shortest), least), end, most=most)


def counts(values: Iterable[float]) -> Scale:
    """The scale of counts, from zero and never logarithmic."""
    return Scale(0.0, (1 + ROOM) * (max(values, default=1.0) or 1.0), integers=True)


def show_x(figure: go.Figure, scale: Scale, unit: str = "") -> None:
    """Put the scale on the figure's x axis."""
    figure.update_xaxes(scale.axis(unit))


def _steps(scale: Scale) -> dict[float, str]:
    smallest = 1.0 if scale.integers else 0.0
    power = math.floor(math.log10((scale.high - scale.low) / scale.most))
    for step in (m * 10.0 ** (power + d) for d in range(9) for m in (1, 2, 5)):
        first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
        if step >= smallest and last - first < scale.most:
            break
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = (round(number * step, digits) for number in range(first, last + 1))
    return {tick: f"{tick:,.{digits}f}" if tick else "0" for tick in ticks}


def _factors(scale: Scale) -> dict[float, str]:
    decades = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    visible: list[float] = []
    for factors, every in (*((factors, 1) for factors in FACTORS), *((FACTORS[-1], n) for n in (2, 3, 5, 10))):
        ticks = (m * 10.0**d for d in decades if d % every == 0 for m in factors)
        visible = [tick for tick in ticks if scale.low <= tick <= scale.high]
        if len(visible) <= scale.most + 1:
            break
    return {value: f"{value:,.9f}".rstrip("0").rstrip(".") for value in visible}
