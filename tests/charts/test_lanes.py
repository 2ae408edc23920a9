"""Lanes have the colours of their roles."""

from engine.charts import lane_colours
from engine.charts.style import BASELINE, CANDIDATE, RECOMMENDED
from tests.made import BASE, INT8, made_report, made_variant


def test_each_lane_has_the_colour_of_its_role():
    variants = [made_variant(BASE, "Baseline"), made_variant("c" * 12, "Another"), made_variant(INT8, "INT8")]
    assert lane_colours(made_report(*variants), variants) == (BASELINE, CANDIDATE, RECOMMENDED)
