"""Money: what a million answers cost, and how many machines a traffic takes."""

import pytest

from engine.errors import SettingsError
from engine.planning.serving_cost import cost_per_million, machines_for


def test_the_price_of_a_million_answers():
    assert cost_per_million(3.6, 100.0) == pytest.approx(10.0)
    assert cost_per_million(0.0, 100.0) == 0


@pytest.mark.parametrize(("traffic", "per_s", "n"), [(100.0, 100.0, 1), (101.0, 100.0, 2), (1.0, 100.0, 1)])
def test_machines(traffic, per_s, n):
    assert machines_for(traffic, per_s) == n


def test_numbers_that_mean_nothing_are_refused():
    with pytest.raises(SettingsError, match="the price per hour is -1"):
        cost_per_million(-1.0, 10.0)
    with pytest.raises(SettingsError, match="answers a second is 0"):
        machines_for(10.0, 0.0)
    with pytest.raises(SettingsError, match="the traffic is inf"):
        machines_for(float("inf"), 1.0)
