"""The roofline of this machine: ceilings by data type, the slope of its memory, and files as points below them."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from engine.charts.key import add_key
from engine.charts.placing import Mark, annotation, place_labels
from engine.charts.scales import Scale
from engine.charts.style import BASELINE, CANDIDATE, FOOT, GUIDE, LINE, SERIES, canvas, figures
from engine.results.machine import (
    DATA_TYPES,
    RUNTIME_TITLES,
    Bound,
    DataType,
    Operation,
    Peaks,
    Roofline,
    RooflinePoint,
)

HEIGHT, PLOT = 380, 372
"""Pixels of the figure without its foot, and of the plot in it."""
RADIUS, LETTER = 6, 8.0
"""Pixels from the middle of a point to its edge, and of the width of a digit."""
COLOURS: dict[DataType, str] = {"f32": SERIES[0], "bf16": SERIES[1], "f16": SERIES[2], "int8": SERIES[3]}
BOUNDS: dict[Bound, tuple[str, str, str]] = {
    "compute": ("circle", "●", "bound by compute"),
    "memory": ("square", "■", "bound by memory"),
    "overhead": ("diamond", "◆", "bound by overhead"),
}
"""The symbol of a point as Plotly names it and as a letter, and its meaning."""
DASHES: dict[Operation, str] = {"gemm": "solid", "conv": "solid", "depthwise": "dash"}
ROOM = 1.6
"""The factor by which the axes reach beyond what they show."""
LEAST_INTENSITY, MOST_INTENSITY = 0.5, 1000.0
"""Operations a byte that the chart shows at least."""


def roofline(roofline: Roofline, peaks: Peaks) -> go.Figure:
    """Achieved 10^9 operations a second over operations a byte, both logarithmic, below what this machine does at most.

    Solid lines are the faster of GEMM and dense convolution in a data type, dashed ones depthwise convolutions; the
    dotted slope is the memory. A point has a dotted line up to its own roof: that of its mix of operations and bytes.
    Points are numbered in the order of the roofline. Without points the ceilings of every runtime are shown.
    """
    runtimes = list(dict.fromkeys(point.runtime for point in roofline.points)) or list(RUNTIME_TITLES)
    ceilings = _ceilings(peaks, runtimes)
    x_scale, y_scale = _scales(roofline.points, [rate for _, _, _, rate in ceilings], peaks)
    figure = canvas(
        _alt(roofline, ceilings),
        height=HEIGHT + FOOT,
        x_title="Intensity (estimated), operations a byte",
        y_title="Rate, 10⁹ operations a second",
    )
    figure.update_layout(xaxis=x_scale.axis(), yaxis=y_scale.axis())
    if peaks.bandwidth is not None:
        _slope(figure, peaks.bandwidth.ceiling, x_scale, y_scale)
    for runtime, data_type, operation, rate in ceilings:
        _ceiling(figure, runtime, data_type, operation, rate, peaks, x_scale)
    for point in roofline.points:
        _point(figure, point)
    _number(figure, roofline.points, ceilings, peaks, x_scale, y_scale)
    bounds = dict.fromkeys(point.bound for point in roofline.points)
    shown = dict.fromkeys(data_type for _, data_type, _, _ in ceilings)
    add_key(
        figure,
        [
            *(("━", COLOURS[data_type], DATA_TYPES[data_type]) for data_type in shown),
            *((BOUNDS[bound][1], CANDIDATE, BOUNDS[bound][2]) for bound in bounds),
        ],
        first="dashed: depthwise, dotted slope: memory",
    )
    return figure


Ceiling = tuple[str, DataType, Operation, float]
"""Runtime, data type, operation (of dense ones the faster), and 10^9 operations a second."""


def _ceilings(peaks: Peaks, runtimes: Sequence[str]) -> list[Ceiling]:
    ceilings: list[Ceiling] = []
    for runtime in runtimes:
        for data_type in DATA_TYPES:
            rates = {
                one.operation: one.rate.ceiling
                for one in peaks.peaks
                if one.runtime == runtime and one.data_type == data_type and one.rate is not None
            }
            dense: dict[Operation, float] = {name: rate for name, rate in rates.items() if name != "depthwise"}
            if dense:
                fastest = max(dense, key=lambda name: dense[name])
                ceilings.append((runtime, data_type, fastest, dense[fastest]))
            if "depthwise" in rates:
                ceilings.append((runtime, data_type, "depthwise", rates["depthwise"]))
    return ceilings


def _scales(points: Sequence[RooflinePoint], rates: Sequence[float], peaks: Peaks) -> tuple[Scale, Scale]:
    """The axes; the slope begins at the left edge, so that its lowest point is on the chart."""
    intensities = [*(point.intensity for point in points), LEAST_INTENSITY, MOST_INTENSITY]
    low = min(intensities) / ROOM
    slope = [peaks.bandwidth.ceiling * low] if peaks.bandwidth is not None else []
    heights = [*(point.achieved for point in points), *(point.roof for point in points), *rates, *slope] or [1.0]
    return Scale(low, max(intensities) * ROOM, log=True), Scale(min(heights) / ROOM, max(heights) * ROOM, log=True)


def _slope(figure: go.Figure, bandwidth: float, x_scale: Scale, y_scale: Scale) -> None:
    """What memory allows, up to the upper edge of the chart."""
    end = min(x_scale.high, y_scale.high / bandwidth)
    figure.add_scatter(
        x=[x_scale.low, end],
        y=[bandwidth * x_scale.low, bandwidth * end],
        mode="lines",
        line={**GUIDE, "width": 2},
        name="memory",
        hovertemplate=f"memory: {figures(bandwidth)} GB/s<extra></extra>",
    )


def _ceiling(
    figure: go.Figure,
    runtime: str,
    data_type: DataType,
    operation: Operation,
    rate: float,
    peaks: Peaks,
    x_scale: Scale,
) -> None:
    """What the data type allows, from where the memory allows as much."""
    start = max(x_scale.low, rate / peaks.bandwidth.ceiling) if peaks.bandwidth is not None else x_scale.low
    name = f"{DATA_TYPES[data_type]} {operation} · {RUNTIME_TITLES.get(runtime, runtime)}"
    figure.add_scatter(
        x=[min(start, x_scale.high), x_scale.high],
        y=[rate, rate],
        mode="lines",
        line={"color": COLOURS[data_type], "width": 2, "dash": DASHES[operation]},
        name=name,
        hovertemplate=f"{name}<br>{figures(rate)} · 10⁹ operations a second<extra></extra>",
    )


def _point(figure: go.Figure, point: RooflinePoint) -> None:
    symbol, _, meaning = BOUNDS[point.bound]
    label = html.escape(point.label)
    figure.add_scatter(
        x=[point.intensity, point.intensity],
        y=[point.achieved, max(point.achieved, point.roof)],
        mode="lines",
        line={"color": BASELINE, "width": 1, "dash": "dot"},
        name="room",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[point.intensity],
        y=[point.achieved],
        mode="markers",
        cliponaxis=False,
        name=label,
        marker={"size": 2 * RADIUS, "color": CANDIDATE, "symbol": symbol},
        hovertemplate=f"{label}<br>{figures(point.achieved)} · 10⁹ operations a second<br>"
        f"{figures(point.intensity)} operations a byte, estimated<br>{100 * point.share:.0f} % of its roof, {meaning}"
        "<extra></extra>",
    )


def _number(
    figure: go.Figure,
    points: Sequence[RooflinePoint],
    ceilings: Sequence[Ceiling],
    peaks: Peaks,
    x_scale: Scale,
    y_scale: Scale,
) -> None:
    """Write the number of each point where it is free of lines and other numbers; one without room is in the table."""

    def at(intensity: float, rate: float) -> tuple[float, float]:
        return x_scale.fraction(intensity), PLOT * (1 - y_scale.fraction(rate))

    marks = [
        Mark(x=x, y=y, radius=RADIUS, width=LETTER * len(str(number)) + 2, height=LINE)
        for number, point in enumerate(points, 1)
        for x, y in (at(point.intensity, point.achieved),)
    ]
    lines = [(at(x_scale.low, rate), at(x_scale.high, rate)) for *_, rate in ceilings]
    lines += [(at(one.intensity, one.achieved), at(one.intensity, max(one.achieved, one.roof))) for one in points]
    if peaks.bandwidth is not None:
        slope, end = peaks.bandwidth.ceiling, min(x_scale.high, y_scale.high / peaks.bandwidth.ceiling)
        lines.append((at(x_scale.low, slope * x_scale.low), at(end, slope * end)))
    offsets = place_labels(marks, lines, PLOT, far=True)
    for number, (point, offset) in enumerate(zip(points, offsets, strict=True), 1):
        if offset is not None:
            x, y = x_scale.position(point.intensity), y_scale.position(point.achieved)
            figure.add_annotation(annotation(offset, RADIUS), text=str(number), x=x, y=y)


def _alt(roofline: Roofline, ceilings: Sequence[Ceiling]) -> str:
    points = ", ".join(
        f"{point.label} {figures(point.achieved)} of {figures(point.roof)}, {BOUNDS[point.bound][2]}"
        for point in roofline.points
    )
    most = ", ".join(
        f"{DATA_TYPES[data_type]} {operation} {figures(rate)}" for _, data_type, operation, rate in ceilings
    )
    return f"Roofline, 10^9 operations a second: {points or 'no files'}. Ceilings: {most or 'none'}"
