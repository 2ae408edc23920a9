import numpy as np
import pytest
from scipy import stats

from engine.measure.statistics import CONFIDENCE, T_QUANTILES, TRIM, Z, paired_drop, t_quantile, trimmed_mean, wilson


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


def test_a_trimmed_mean_is_that_of_scipy():
    for n in (3, 4, 5, 6, 9, 12, 24):
        values = np.random.default_rng(n).standard_t(3, n)
        interval = trimmed_mean(values)
        assert interval.center == pytest.approx(stats.trim_mean(values, TRIM))
        # Wilcox 2012, section 4.4: the standard error from the winsorised sample.
        n_cut = int(TRIM * n)
        winsorised = np.asarray(stats.mstats.winsorize(values, limits=(n_cut / n, n_cut / n)))
        error = winsorised.std(ddof=1) / ((1 - 2 * n_cut / n) * np.sqrt(n))
        margin = stats.t.ppf(0.5 + CONFIDENCE / 2, n - 2 * n_cut - 1) * error
        assert (interval.low, interval.high) == pytest.approx((interval.center - margin, interval.center + margin))


def test_the_quantiles_of_t_are_those_of_scipy():
    for degrees in range(1, len(T_QUANTILES) + 1):
        assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.5 + CONFIDENCE / 2, degrees), abs=1e-6)
    assert t_quantile(1000) >= stats.t.ppf(0.5 + CONFIDENCE / 2, 1000)


def test_an_odd_round_moves_a_trimmed_mean_no_further_than_the_next_one():
    rounds = np.array([0.50, 0.51, 0.49, 0.50, 0.52, 0.48])
    odd = np.where(rounds == 0.52, 50.0, rounds)
    assert trimmed_mean(odd) == trimmed_mean(rounds)


def test_equal_rounds_have_no_width_and_fewer_than_three_no_interval():
    assert trimmed_mean(np.ones(12)) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="three rounds"):
        trimmed_mean(np.ones(2))


@pytest.mark.parametrize("n_rounds", [3, 6, 12])
@pytest.mark.parametrize("degrees", [3, 30], ids=["heavy tails", "light tails"])
def test_ninety_five_percent_of_the_intervals_hold_the_truth(n_rounds, degrees):
    values = np.random.default_rng(7).standard_t(degrees, (6000, n_rounds))
    intervals = [trimmed_mean(one) for one in values]
    assert 0.93 <= np.mean([one.low <= 0 <= one.high for one in intervals]) <= 0.97
