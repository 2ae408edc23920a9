import math

import pytest

from engine.charts.scales import MOST_TICKS, Scale, amounts, counts, percentages

RANGES = [(0.0, 1.0), (0.0, 21.2), (96.5, 97.5), (0.0, 0.0007), (3.0, 12_345.0), (99.0, 100.0), (0.0, 0.3)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_linear_ticks_are_round_few_different_and_inside(low, high):
    ticks = Scale(low, high).ticks
    assert 2 <= len(ticks) <= MOST_TICKS
    assert len(set(ticks.values())) == len(ticks)
    assert all(low <= tick <= high for tick in ticks)
    assert all(float(text.replace(",", "")) == pytest.approx(tick) for tick, text in ticks.items())


@pytest.mark.parametrize("low", [1e-6, 0.002, 0.3, 1.0, 7.0])
@pytest.mark.parametrize("factor", [10.5, 40, 100, 1000, 1e5, 1e9])
def test_logarithmic_ticks_are_round_few_different_and_inside(low, factor):
    scale = amounts([low, low * factor])
    ticks = scale.ticks
    assert scale.log
    assert 2 <= len(ticks) <= MOST_TICKS + 1
    assert len(set(ticks.values())) == len(ticks)
    assert all(scale.low <= tick <= scale.high for tick in ticks)
    assert all(float(text.replace(",", "")) == pytest.approx(tick) for tick, text in ticks.items())


@pytest.mark.parametrize(
    ("values", "log"), [([1, 9.9], False), ([1, 10.1], True), ([0, 100], False), ([], False), ([0, 0], False)]
)
def test_amounts_begin_at_zero_unless_they_span_more_than_ten_times(values, log):
    scale = amounts(values)
    assert scale.log == log
    assert log or scale.low == 0
    assert scale.high > max(values, default=0)
    assert scale.low < min(values, default=1) or scale.low == 0


def test_amounts_around_their_values_need_no_zero():
    scale = amounts([1.0, 1.02], zero=False)
    assert 0.9 < scale.low < 1.0 < 1.02 < scale.high < 1.1
    assert amounts([1.0, 1.0], zero=False).low < 1.0


@pytest.mark.parametrize("values", [[], [0], [100], [97], [99.9, 100], [0, 0.1], [0, 100], [85, 99.5]])
def test_percentages_hold_their_values_and_stay_between_none_and_all(values):
    scale = percentages(values)
    assert 0 <= scale.low <= min(values, default=100)
    assert max(values, default=100) <= scale.high <= 100
    assert scale.high - scale.low >= 0.5


def test_counts_have_whole_ticks_from_zero():
    assert list(counts([2]).ticks.values()) == ["0", "1", "2"]
    assert not counts([1, 1000]).log
    assert all(tick == int(tick) for tick in counts([1000]).ticks)


@pytest.mark.parametrize("values", [[], [0], [0, 0]])
def test_counts_of_nothing_have_an_axis_too(values):
    assert list(counts(values).ticks.values()) == ["0", "1"]


@pytest.mark.parametrize("scale", [Scale(0, 10), Scale(1, 100, log=True)])
def test_places_run_from_the_low_end_to_the_high_one(scale):
    assert (scale.fraction(scale.low), scale.fraction(scale.high)) == (0, 1)
    assert scale.fraction(scale.high / (10 if scale.log else 2)) == pytest.approx(0.5)
    assert scale.position(10) == (math.log10(10) if scale.log else 10)
