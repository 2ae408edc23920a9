"""The chart of two figures: the front, the faint, and what each point carries."""

import pytest

from engine import charts
from engine.planning.comparing import compare_reports
from tests.made import BASE, INT8, made_report, made_variant


def comparison():
    report = made_report(
        made_variant(BASE, "Baseline"),
        made_variant(INT8, "Small", size_bytes=4_000_000),
        made_variant("3" * 12, "Large", size_bytes=9_000_000),
    )
    return compare_reports([("one <b>", report)])


def keys(of):
    return {charts.variant_key(one) for one in of.variants}


@pytest.mark.parametrize("x", ["latency", "size", "throughput", "speed", "quality", "memory"])
@pytest.mark.parametrize("y", ["latency", "size", "throughput", "speed", "quality", "memory"])
def test_every_pair_of_figures_is_drawn(x, y):
    figure = charts.front(comparison(), x, y, within=keys(comparison()))
    points = figure.data[1]
    assert len(points.x) == len(points.customdata) == 3
    assert figure.layout.xaxis.title.text == charts.axis(comparison(), x).title
    assert "in both nothing is better than" in charts.alt_text(figure)


def test_the_front_has_what_none_beats_and_leaves_out_what_is_over_the_limits():
    shown = comparison()
    line = charts.front(shown, "latency", "size", within=keys(shown)).data[0]
    assert (list(line.x), list(line.y)) == ([1.0], [4.0])
    without = keys(shown) - {f"run1.{INT8}"}
    figure = charts.front(shown, "latency", "size", within=without)
    assert list(figure.data[0].y) == [9.0]
    assert list(figure.data[1].marker.opacity) == [1.0, 0.25, 1.0]


def test_names_are_text():
    assert "one &lt;b&gt;" in charts.front(comparison(), "latency", "size", within=()).data[1].text[0]


def test_500_variants_are_drawn_in_one_trace():
    variants = (made_variant(f"{number:012x}", f"Variant {number}", size_bytes=1000 + number) for number in range(499))
    shown = compare_reports([("large", made_report(made_variant(BASE, "Baseline"), *variants))])
    assert len(shown.variants) == 500
    figure = charts.front(shown, "latency", "quality", within=keys(shown))
    assert len(figure.data) == 2
    assert len(figure.data[1].x) == 500


def test_limits_are_lines_within_the_axes_of_their_figures():
    figure = charts.front(
        comparison(), "size", "quality", within=keys(comparison()), limits={"size": 30.0, "latency": 1}
    )
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (30.0, 30.0)
    assert figure.layout.xaxis.range[1] > 30
