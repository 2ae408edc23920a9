"""Labels beside points: nothing lies on anything else, whatever the width."""

from itertools import combinations

import pytest

from engine.charts.placing import ABOVE, Box, Mark, place_labels

HEIGHT = 320.0
EVERY_WIDTH = range(230, 1151, 10)


def boxes(marks, offsets, width):
    """The labels of marks on a plot of a width."""
    found = []
    for mark, offset in zip(marks, offsets, strict=True):
        x, y = mark.x * width + offset.x, mark.y + offset.y
        found.append(Box(x - mark.width / 2, y - mark.height / 2, x + mark.width / 2, y + mark.height / 2))
    return found


def overlap(one, other):
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


def crowd(n, spread):
    return [
        Mark(x=0.5 + spread * (number % 4), y=150 + 600 * spread * (number // 4), radius=10, width=16, height=16)
        for number in range(n)
    ]


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize("spread", [0.0, 0.01, 0.12])
def test_no_number_lies_on_another_or_on_a_line_or_outside_at_any_width(n, spread):
    marks = crowd(n, spread)
    lines = [((0.55, 0.0), (0.55, HEIGHT)), ((0.0, 165.0), (1.0, 165.0))]
    offsets = place_labels(marks, lines, HEIGHT, far=True)
    for width in EVERY_WIDTH:
        labels = boxes(marks, offsets, width)
        assert not any(overlap(one, other) for one, other in combinations(labels, 2))
        for label in labels:
            assert not label.left < 0.55 * width < label.right
            assert not label.top < 165 < label.bottom
            assert label.left >= 0
            assert label.right <= width
            assert label.top >= -ABOVE
            assert label.bottom <= HEIGHT


def test_a_label_stands_beside_its_own_point_and_on_no_other():
    marks = crowd(4, 0.12)
    offsets = place_labels(marks, [], HEIGHT, far=False)
    assert not any(offset.has_leader for offset in offsets)
    for width in EVERY_WIDTH:
        points = [Box(m.x * width - 10, m.y - 10, m.x * width + 10, m.y + 10) for m in marks]
        assert not any(overlap(label, point) for label in boxes(marks, offsets, width) for point in points)


def test_names_that_have_no_room_are_not_placed():
    wide = [Mark(x=0.5, y=150, radius=10, width=150, height=32) for _ in range(5)]
    assert None in place_labels(wide, [], HEIGHT, far=False)


def test_a_mark_without_a_label_is_only_in_the_way():
    one, silent = Mark(x=0.5, y=150, radius=5, width=16, height=16), Mark(x=0.55, y=150, radius=30)
    ((alone,), (beside,)) = (place_labels([one, *others], [], HEIGHT, far=True) for others in ([], [silent]))
    for width in (230, 600, 1150):
        point = Box(silent.x * width - 30, 120, silent.x * width + 30, 180)
        assert not overlap(boxes([one], [beside], width)[0], point)
    assert alone != beside


@pytest.mark.parametrize(("line", "crossed"), [
    (((-5, 5), (15, 5)), True), (((-5, 15), (15, 15)), False), (((5, -5), (5, 15)), True), (((-5, -5), (15, 15)), True),
    (((0, 15), (15, 0)), True), (((8, 15), (15, 8)), False), (((2, 2), (3, 3)), True), (((12, 0), (12, 9)), False),
])  # fmt: skip
def test_what_goes_through_a_box(line, crossed):
    assert Box(0, 0, 10, 10).is_crossed_by(line) == crossed
