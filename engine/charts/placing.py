"""Positions for the labels of points, so that none overlaps another, a point or a line, at any width of the page.

The height of a figure is fixed, its width depends on the page. So a position has to be free at all of WIDTHS.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.charts.style import BASELINE

WIDTHS = (230, 260, 300, 350, 420, 500, 600, 720, 860, 1000, 1150)
"""Pixels of a plot, from that of a phone to that of the widest page."""
FREE = 3
"""Pixels of free space around a label."""
NEAR, FAR = (0.0, 8.0, 16.0), (26.0, 38.0, 52.0, 68.0, 86.0, 106.0)
"""Pixels between a point and its label: beside the point, or at the end of a leader line."""
DIRECTIONS = (1, 15, 2, 14, 0, 8, 4, 12, 3, 13, 5, 11, 6, 10, 7, 9, *(n + 0.5 for n in range(16)))
"""Directions in sixteenths of a turn, counterclockwise from the right, in the order in which they are tried."""
BROAD = 0.3
"""A label is centred on its point in a coordinate of its direction that is smaller than this."""
ABOVE = 22
"""Pixels by which labels may go beyond the top of the plot."""

Ends = tuple[tuple[float, float], tuple[float, float]]
"""A line between two points (x, y)."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point at `x`, a share of the plot's width, and `y`, px from its top, with the size of its label in px.

    Without a size it has no label, but other labels avoid it.
    """

    x: float
    y: float
    radius: float
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Offset:
    """From a point to the centre of its label, px to the right and down; a distant label has a leader line."""

    x: float
    y: float
    has_leader: bool


@dataclass(frozen=True)
class Box:
    """A rectangle in px, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right + FREE
            and other.left < self.right + FREE
            and self.top < other.bottom + FREE
            and other.top < self.bottom + FREE
        )

    def is_crossed_by(self, line: Ends) -> bool:
        """Whether a line goes through the box, by Liang and Barsky's clipping."""
        (x, y), (to_x, to_y) = line
        begin, end = 0.0, 1.0
        for extent, low, high in ((to_x - x, self.left - x, self.right - x), (to_y - y, self.top - y, self.bottom - y)):
            if extent == 0:
                if low > 0 or high < 0:
                    return False
                continue
            first, last = sorted((low / extent, high / extent))
            begin, end = max(begin, first), min(end, last)
        return begin <= end


class Scene:
    """The points, lines and labels of the plot at one width."""

    def __init__(self, width: float, height: float, marks: Sequence[Mark], lines: Sequence[Ends]) -> None:
        self.width, self.height = width, height
        self.points = [_box(mark.x * width, mark.y, 2 * mark.radius, 2 * mark.radius) for mark in marks]
        self.lines = [((x * width, y), (to_x * width, to_y)) for (x, y), (to_x, to_y) in lines]
        self.labels: list[Box] = []

    def free(self, mark: Mark, offset: Offset, *, over_points: bool) -> bool:
        """Whether a label and its leader line fit there."""
        box, line = self._label(mark, offset), self._leader(mark, offset)
        inside = box.left >= 0 and box.right <= self.width and box.top >= -ABOVE and box.bottom <= self.height
        return (
            inside
            and not any(box.meets(label) for label in self.labels)
            and not any(box.is_crossed_by(other) for other in self.lines)
            and not (offset.has_leader and any(label.is_crossed_by(line) for label in self.labels))
            and (over_points or not any(box.meets(point) for point in self.points))
        )

    def add(self, mark: Mark, offset: Offset) -> None:
        self.labels.append(self._label(mark, offset))
        if offset.has_leader:
            self.lines.append(self._leader(mark, offset))

    def _label(self, mark: Mark, offset: Offset) -> Box:
        return _box(mark.x * self.width + offset.x, mark.y + offset.y, mark.width, mark.height)

    def _leader(self, mark: Mark, offset: Offset) -> Ends:
        x = mark.x * self.width
        return (x, mark.y), (x + offset.x, mark.y + offset.y)


def place_labels(marks: Sequence[Mark], lines: Sequence[Ends], height: float, *, far: bool) -> list[Offset | None]:
    """The first free offset of every label, in the order of the marks that have a label; None where none is free.

    `lines` run between points (share of the width, px from the top of the plot); `height` is the plot's in px. With
    `far` a label may be away from its point, and as a last resort over other points.
    """
    scenes = [Scene(width, height, marks, lines) for width in WIDTHS]
    tries = [(NEAR, False), *([(FAR, False), (NEAR + FAR, True)] if far else [])]
    offsets: list[Offset | None] = []
    for mark in (mark for mark in marks if mark.width > 0):
        free_offset = next(
            (
                offset
                for distances, over_points in tries
                for offset in _offsets(mark, distances)
                if all(scene.free(mark, offset, over_points=over_points) for scene in scenes)
            ),
            None,
        )
        if free_offset is not None:
            for scene in scenes:
                scene.add(mark, free_offset)
        offsets.append(free_offset)
    return offsets


def annotation(offset: Offset, radius: float) -> dict[str, object]:
    """The part of a Plotly annotation that the offset decides, with the leader line where there is one."""
    if not offset.has_leader:
        return {"showarrow": False, "xshift": offset.x, "yshift": -offset.y, "borderpad": 0}
    return {
        "ax": offset.x,
        "ay": offset.y,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": BASELINE,
        "standoff": radius,
        "borderpad": 0,
    }


def _offsets(mark: Mark, distances: Iterable[float]) -> Iterator[Offset]:
    for distance in distances:
        reach = mark.radius + FREE + 1 + distance
        for direction in DIRECTIONS:
            x, y = math.cos(math.tau * direction / 16), -math.sin(math.tau * direction / 16)
            yield Offset(
                reach * x + _side(x) * mark.width / 2, reach * y + _side(y) * mark.height / 2, distance > NEAR[-1]
            )


def _side(component: float) -> float:
    return 0.0 if abs(component) < BROAD else math.copysign(1.0, component)


def _box(x: float, y: float, width: float, height: float) -> Box:
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
