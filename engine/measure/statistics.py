"""Intervals, 95 % and two-sided unless they say otherwise, and the tests of paired answers. docs/statistics.md has
their formulas, sources and simulations."""

import math
from statistics import NormalDist

import numpy as np

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The quantile of the normal distribution at 0.5 + CONFIDENCE / 2."""
POWER = 0.8
"""The usual chance, for a planned number of images, that a difference of that size shows."""
Z_POWER = NormalDist().inv_cdf(POWER)
N_RESAMPLES = 2000
INTERVAL_STEP = 1e-9
"""The precision of the ends of a score interval."""
SMALLEST_VARIANCE = 1e-300
SMALLEST_STEP = 1e-5
"""The precision of a smallest drop: a thousandth of a point."""


def wilson(right: int, n: int) -> tuple[float, float]:
    """Interval of a share of `right` out of `n` images (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    share, denominator = right / n, 2 * (n + Z**2)
    center = (2 * n * share + Z**2) / denominator
    margin = Z / denominator * math.sqrt(4 * n * share * (1 - share) + Z**2)
    return 0.0 if right == 0 else center - margin, 1.0 if right == n else center + margin


def paired_drop(only_first: int, only_second: int, n: int, z: float = Z) -> tuple[float, float]:
    """Interval of the difference of two shares over the same `n` images.

    `only_first` images count for the first alone, `only_second` for the second alone. `z` is the normal quantile of
    the interval's ends. Tango's score interval (1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<891): the differences
    that the score test does not reject, which stays sound where few or no images disagree.
    """
    difference = (only_first - only_second) / n
    low, high = -1.0, difference
    while high - low > INTERVAL_STEP:
        middle = (low + high) / 2
        low, high = (middle, high) if _score(middle, only_first, only_second, n) > z else (low, middle)
    lower = low
    low, high = difference, 1.0
    while high - low > INTERVAL_STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if _score(middle, only_first, only_second, n) < -z else (middle, high)
    return lower, high


def _score(difference: float, only_first: int, only_second: int, n: int) -> float:
    """Tango's score statistic for a difference, standard normal where that is the true one; it falls as it grows.

    `share` is the likeliest share of the images that count for the second alone, given the difference.
    """
    linear = (2 * n - only_first + only_second) * difference - only_first - only_second
    constant = -only_second * difference * (1 - difference)
    share = (math.sqrt(max(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    return (only_first - only_second - n * difference) / math.sqrt(max(variance, SMALLEST_VARIANCE))


def z_one_sided(confidence: float) -> float:
    """The normal quantile of a bound that holds with this confidence on its one side."""
    return NormalDist().inv_cdf(confidence)


def z_for_many(n_intervals: int) -> float:
    """The normal quantile at which this many intervals hold together with 95 %, whatever their dependence.

    Bonferroni's correction (Dunn 1961, doi:10.1080/01621459.1961.10482090).
    """
    return NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * n_intervals))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's exact test: how likely so uneven a split of the disagreements is by chance.

    The counts are those of `paired_drop`. Twice the smaller tail of a binomial with one half, at most 1 (McNemar 1947,
    doi:10.1007/BF02295996); in whole numbers, so that it is exact for any counts.
    """
    n, term, tail = only_first + only_second, 1, 0
    for k in range(min(only_first, only_second) + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    return float(min(1.0, 2 * tail / 2**n))


def needed_images(rate: float, drop: float) -> int:
    """How many images show an absolute `drop` with 80 % power in McNemar's test at 5 %, two-sided.

    `rate` is the share of the images on which one of the two is right and the other wrong; a drop needs at least as
    many, so the larger of both counts. Formula of Connor 1987 (doi:10.2307/2531961).
    """
    rate = max(rate, drop)
    return math.ceil((Z * math.sqrt(rate) + Z_POWER * math.sqrt(rate - drop**2)) ** 2 / drop**2)


def smallest_drop(rate: float, n: int) -> float:
    """The smallest absolute drop that `n` images show with 80 % power at this rate of disagreement; 1 at the most."""
    low, high = 0.0, 1.0
    while high - low > SMALLEST_STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if needed_images(rate, middle) <= n else (middle, high)
    return high


def bootstrap(rounds: np.ndarray) -> tuple[float, float]:
    """Percentile bootstrap interval of the median of one value a round (n_rounds,); the same rounds give the same."""
    return percentiles(np.median(rounds[resamples(len(rounds))], axis=1))


def resamples(n_rounds: int) -> np.ndarray:
    """(N_RESAMPLES, n_rounds) int: the rounds of each resample, always the same ones: figures can share them."""
    return np.random.default_rng(0).integers(n_rounds, size=(N_RESAMPLES, n_rounds))


def percentiles(resampled: np.ndarray) -> tuple[float, float]:
    """The interval that holds the middle CONFIDENCE of a statistic's resamples (N_RESAMPLES,)."""
    low, high = np.percentile(resampled, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)
