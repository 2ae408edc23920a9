"""One colour for one meaning, in every chart, and visible on either page."""

import re

import pytest

from engine.charts import race
from engine.charts.style import BASELINE, CANDIDATE, OVER, RECOMMENDED, SERIES
from engine.charts.variants import colour, remark
from engine.results import Recommendation
from tests.charts.reading import colours
from tests.made import (
    BASE,
    GOOD,
    SLOWER,
    TOO_MUCH,
    made_large_report,
    made_race_report,
    made_report,
    made_variant,
)
from tests.made_charts import CASES, made_figures, of_report

PAGES = ("#FBFBF8", "#F6F6F2", "#101615", "#161D1B")
"""The light page and its cards, the dark page and its cards."""
ONE, TWO = "1" * 12, "2" * 12


def contrast(one: str, other: str) -> float:
    """Of two colours by WCAG 2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def explicit(figure) -> set[str]:
    """Every colour that a figure itself names."""
    figure.layout.template = None
    return set(re.findall(r"#[0-9A-Fa-f]{6}", figure.to_json()))


@pytest.mark.parametrize("case", CASES)
def test_every_colour_of_every_chart_is_one_of_the_house_and_visible_on_both_pages(case):
    for chart, figure in made_figures(case).items():
        found = explicit(figure)
        assert found <= {RECOMMENDED, BASELINE, OVER, CANDIDATE, *SERIES}, chart
        assert all(contrast(one, page) >= 3 for one in found for page in PAGES), chart


@pytest.mark.parametrize("case", CASES)
def test_no_mark_is_left_to_the_order_of_the_theme_and_no_text_has_a_colour(case):
    for chart, figure in made_figures(case).items():
        for trace in figure.data:
            if trace.type == "heatmap":
                assert trace.colorscale or trace.coloraxis, (chart, trace.name)
                continue
            drawn = trace.line if trace.type == "scatter" and trace.mode == "lines" else trace.marker
            assert drawn.color, (chart, trace.name)
            for whisker in (trace.error_x, trace.error_y):
                assert whisker.array is None or whisker.color, (chart, trace.name)
        assert not any(note.font.color for note in figure.layout.annotations), chart
        assert figure.layout.font.color is None


def test_a_variant_has_one_colour_in_every_chart_of_its_report():
    report = made_large_report(12)
    wanted = {variant.label: {colour(report, variant)} for variant in report.main_variants}
    assert set.union(*wanted.values()) == {RECOMMENDED, BASELINE, OVER, CANDIDATE}
    figures = {name: figure for name, figure in of_report(report).items() if "waterfall" not in name}
    for chart, figure in figures.items():
        shown = colours(figure)
        assert shown == {label: wanted[label] for label in shown}, chart
        assert len(shown) >= 11, chart


def test_the_winner_of_a_race_has_its_colour_in_the_race_too():
    report = made_race_report()
    figure = race(trial for _, trial in report.candidates(report.races[0]))
    won = next(trace for trace in figure.data if trace.name == "won")
    assert won.marker.color == won.error_x.color == RECOMMENDED == colour(report, report.variant(report.recommended.id))


@pytest.mark.parametrize(
    ("verdict", "recommended", "paint", "word"),
    [
        (GOOD, ONE, RECOMMENDED, "recommended"),
        (GOOD, TWO, CANDIDATE, ""),
        (TOO_MUCH, TWO, OVER, "over budget"),
        (SLOWER, TWO, OVER, "slower"),
        (None, TWO, CANDIDATE, ""),
        (GOOD.model_copy(update={"codes": ("no_better_than_chance",)}), TWO, OVER, "no better than guessing"),
        (GOOD.model_copy(update={"codes": ("chance_uncertain",)}), TWO, CANDIDATE, "not surely better than guessing"),
        (GOOD.model_copy(update={"codes": ("chance_uncertain", "slower_than_baseline")}), TWO, OVER, "slower"),
        (TOO_MUCH, ONE, RECOMMENDED, "recommended"),
    ],
)
def test_what_a_verdict_looks_like(verdict, recommended, paint, word):
    one = made_variant(ONE, "one", verdict=verdict)
    report = made_report(
        made_variant(BASE, "Baseline"),
        one,
        made_variant(TWO, "two"),
        recommended=Recommendation(id=recommended, reason=made_report().recommended.reason),
    )
    assert (colour(report, one), remark(report, one)) == (paint, word)


@pytest.mark.parametrize("recommended", [BASE, ONE, None])
def test_the_baseline_keeps_its_colour_where_it_is_what_is_recommended(recommended):
    best = recommended and Recommendation(id=recommended, reason=made_report().recommended.reason)
    report = made_report(made_variant(BASE, "Baseline", verdict=TOO_MUCH), made_variant(ONE, "one"), recommended=best)
    assert colour(report, report.baseline) == BASELINE
    assert remark(report, report.baseline) == ("recommended" if recommended == BASE else "")
