"""What is chosen on images that do not report is reported without bias, with intervals that hold what they say."""

import math
from functools import cache

import pytest

from bench.selection import selection_size, simulate, summary

N_TRIALS = {150: 1500, 539: 1000, 5000: 200}


@cache
def figures(n):
    """Eight candidates with drops around the budget and errors in common; most choices are close."""
    return summary(list(simulate(n, N_TRIALS[n], seed=0)))


@pytest.mark.parametrize("n", N_TRIALS)
def test_what_reports_the_chosen_one_of_eight_is_unbiased_and_covers(n):
    noise = math.sqrt(0.95 * 0.05 / N_TRIALS[n])  # of so few trials; bench/selection.py has more of them
    assert abs(figures(n)["bias"]) < 0.1
    assert 0.93 - noise < figures(n)["coverage"] < 0.975 + noise


@pytest.mark.parametrize(("n", "points"), [(150, -0.8), (539, -0.35), (5000, -0.04)])
def test_what_chooses_and_reports_flatters_itself(n, points):
    assert figures(n)["self_bias"] < points


def test_what_is_called_surely_within_the_budget_is_so_more_often_than_what_is_probably():
    assert figures(539)["surely"] > 0.9 > figures(539)["probably"] > figures(539)["cannot_tell"] > 0.4


def test_what_flips_few_answers_is_confirmed_more_often_and_hardly_slower():
    ignored = summary(list(simulate(539, N_TRIALS[539], seed=0, steady_first=False)))
    assert figures(539)["confirmed"] > ignored["confirmed"] + 0.08
    assert figures(539)["within"] > ignored["within"] + 0.12
    assert ignored["ratio"] < figures(539)["ratio"] < 1.08 * ignored["ratio"]


@pytest.mark.parametrize(("n", "n_selection"), [(150, 112), (539, 404), (5000, 834)])
def test_so_many_images_choose_by_the_rule(n, n_selection):
    assert selection_size(n) == n_selection
