"""Figures of a profile that follow from its rows."""

import pytest

from engine.results.time_profile import TimeProfile, parts_text
from tests.made import made_latency
from tests.made_charts import made_time_profile


def test_operators_are_grouped_by_what_they_compute_the_longest_first():
    first, *_ = operators = made_time_profile(2).operators
    assert (first.family, first.baseline_operators, first.model_operators) == ("Conv", ("Conv",), ("QLinearConv",))
    longest = [max(one.baseline_ms, one.model_ms) for one in operators]
    assert longest == sorted(longest, reverse=True)
    assert sum(one.baseline_ms for one in operators) == pytest.approx(made_time_profile(2).baseline_parts_ms)


@pytest.mark.parametrize(
    ("parts_ms", "latency", "says"),
    [
        (2.5, made_latency(2.0, 1.0), "sum to 2.5 ms, more than the whole call, which takes 2 ms without the profiler"),
        (1.5, made_latency(2.0, 1.0), "sum to 1.5 ms of the whole call"),
        (1.5, None, "the whole call was not measured"),
    ],
)
def test_how_the_parts_stand_to_the_whole_is_said(parts_ms, latency, says):
    assert says in parts_text(parts_ms, latency)


def test_it_survives_json():
    profile = made_time_profile(3)
    assert TimeProfile.model_validate_json(profile.model_dump_json()) == profile
