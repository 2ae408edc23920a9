import numpy as np
import pytest
from scipy import stats

from engine.measure.statistics import CONFIDENCE, Z, bootstrap, paired_drop, wilson


def test_wilson_matches_the_published_example():
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table I: 81 of 263, and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_intervals_are_those_of_scipy():
    assert stats.norm.ppf(0.5 + CONFIDENCE / 2) == Z
    for right, n in [(0, 1), (1, 1), (0, 539), (1, 539), (300, 539), (538, 539), (539, 539), (5000, 10000)]:
        interval = stats.binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
        assert wilson(right, n) == (interval.low, interval.high)


def test_paired_drop_shrinks_with_agreement_and_contains_the_difference():
    few, many = paired_drop(6, 2, 500), paired_drop(60, 56, 500)
    assert few[0] < 4 / 500 < few[1]
    assert few[1] - few[0] < many[1] - many[0]


def test_paired_drop_without_disagreement_still_has_a_width():
    low, high = paired_drop(0, 0, 100)
    assert low < 0 < high


def test_paired_drop_stays_a_difference_of_shares_for_the_fewest_images():
    assert paired_drop(1, 0, 1)[1] == 1
    assert paired_drop(0, 1, 1)[0] == -1


def test_bootstrap_contains_the_median_and_is_reproducible():
    rounds = np.random.default_rng(0).normal(0.5, 0.02, 12)
    low, high = bootstrap(rounds)
    assert low < np.median(rounds) < high
    assert bootstrap(rounds) == (low, high)


def test_bootstrap_of_equal_rounds_is_that_value():
    assert bootstrap(np.ones(12)) == (1.0, 1.0)
