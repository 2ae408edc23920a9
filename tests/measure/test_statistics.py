import numpy as np
import pytest
from scipy import stats

from engine.measure.statistics import (
    CONFIDENCE,
    T_QUANTILES,
    TRIM,
    Z,
    mcnemar,
    needed_images,
    paired_drop,
    smallest_drop,
    t_quantile,
    trimmed_mean,
    wilson,
    z_for_many,
    z_one_sided,
)


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


@pytest.mark.parametrize(("worse", "better", "n"), [(6, 2, 150), (0, 3, 540), (12, 40, 200), (1, 0, 20)])
def test_the_ends_of_a_paired_drop_are_the_differences_that_the_score_test_just_keeps(worse, better, n):
    """With the likeliest shares under a difference found by a search instead of Tango's closed form."""
    for end, z in zip(paired_drop(worse, better, n), (Z, -Z), strict=True):
        share = np.linspace(max(0.0, -end) + 1e-12, (1 - end) / 2, 200_001)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = ((worse, share + end), (better, share), (n - worse - better, 1 - 2 * share - end))
            likelihood = sum(count * np.log(some) if count else 0 * some for count, some in terms)
        best = share[np.nanargmax(likelihood)]
        score = (worse - better - n * end) / np.sqrt(n * (2 * best + end - end**2))
        assert score == pytest.approx(z, abs=0.01)


def test_paired_drop_where_nothing_differs_reaches_as_far_as_the_score_interval_of_a_share():
    assert paired_drop(0, 0, 540) == pytest.approx((-(Z**2) / (540 + Z**2), Z**2 / (540 + Z**2)), abs=1e-6)


def test_paired_drop_stays_a_difference_of_shares_for_the_fewest_images():
    assert paired_drop(1, 0, 1)[1] == 1
    assert paired_drop(0, 1, 1)[0] == pytest.approx(-1)


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


def test_mcnemar_is_the_exact_binomial_test():
    counts = ((0, 0), (0, 1), (1, 0), (3, 3), (1, 9), (12, 4), (40, 60), (0, 500), (4900, 5100), (5000, 5000))
    for worse, better in counts:
        expected = stats.binomtest(worse, worse + better).pvalue if worse + better else 1.0
        assert mcnemar(worse, better) == pytest.approx(expected, rel=1e-9), (worse, better)


def test_the_quantiles_of_bounds_and_of_many_intervals_are_those_of_scipy():
    assert z_one_sided(0.8) == pytest.approx(stats.norm.ppf(0.8))
    assert z_for_many(1) == pytest.approx(Z)
    assert z_for_many(1000) == pytest.approx(stats.norm.ppf(1 - 0.025 / 1000))


def test_so_many_images_as_are_needed_show_a_drop_with_the_power_that_is_claimed():
    """Connor's formula is that of the normal approximation; the exact test has a little less power than it says."""
    rate, drop = 0.05, 0.01
    n = needed_images(rate, drop)
    assert n == 3923  # (1.95996 sqrt(0.05) + 0.84162 sqrt(0.0499))^2 / 0.0001 = 3922.1
    worse, changed = (rate + drop) / 2 / rate, np.random.default_rng(0).binomial(n, rate, 4000)
    lost = np.random.default_rng(1).binomial(changed, worse)
    shown = np.mean([mcnemar(int(one), int(all_ - one)) <= 0.05 for one, all_ in zip(lost, changed, strict=True)])
    assert 0.75 < shown < 0.83


def test_the_smallest_drop_is_the_one_that_needs_so_many_images():
    for rate, n in ((0.05, 539), (0.001, 539), (0.2, 5000), (0.05, 10)):
        drop = smallest_drop(rate, n)
        assert needed_images(rate, drop) <= n < needed_images(rate, drop - 2e-5)
    assert smallest_drop(0.05, 5000) < smallest_drop(0.05, 500) < smallest_drop(0.2, 500)
    assert smallest_drop(0.5, 1) == 1.0
