"""Intervals, 95 % and two-sided unless they say otherwise, and the tests of paired answers. docs/statistics.md has
their formulas, sources and simulations."""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The quantile of the normal distribution at 0.5 + CONFIDENCE / 2."""
T_QUANTILES = (
    *(12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139),
    *(2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963),
    *(2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272),
)
"""The quantiles of Student's t at 0.5 + CONFIDENCE / 2, for 1 degree of freedom and more."""
TRIM = 0.2
"""The share of the rounds at either end that a trimmed mean leaves out."""
POWER = 0.8
"""The usual chance, for a planned number of images, that a difference of that size shows."""
Z_POWER = NormalDist().inv_cdf(POWER)
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


def widest_wilson(n: int) -> float:
    """The widest that the Wilson interval of a share of so many images can be: where about one half is right."""
    if n == 0:
        return 1.0
    low, high = wilson(n // 2, n)
    return high - low


def paired_drop(only_first: int, only_second: int, n: int, z: float = Z) -> tuple[float, float]:
    """Interval of the difference of two shares over the same `n` images.

    `only_first` images count for the first alone, `only_second` for the second alone. `z` is the normal quantile of
    the interval's ends. Tango's score interval (1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<891): the differences
    that the score test does not reject, which stays sound where few or no images disagree.
    """
    difference = (only_first - only_second) / n
    low, _ = _bisect(-1.0, difference, INTERVAL_STEP, lambda one: _score(one, only_first, only_second, n) <= z)
    _, high = _bisect(difference, 1.0, INTERVAL_STEP, lambda one: _score(one, only_first, only_second, n) < -z)
    return low, high


def _bisect(low: float, high: float, step: float, is_above: Callable[[float], bool]) -> tuple[float, float]:
    """The last value below and the first above a change that lies between `low` and `high`, `step` apart at most."""
    while high - low > step:
        middle = (low + high) / 2
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return low, high


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
    return _bisect(0.0, 1.0, SMALLEST_STEP, lambda drop: needed_images(rate, drop) <= n)[1]


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    center: float
    low: float
    high: float

    def exp(self) -> "Interval":
        """The interval of what this one is the logarithm of."""
        return Interval(*(math.exp(one) for one in self))


def trimmed_mean(values: np.ndarray) -> Interval:
    """The mean of one value a round (n_rounds,) without the lowest and the highest fifth, and its interval.

    Student's t on the winsorised variance (Tukey and McLaughlin 1963, Sankhya A 25, 331-352; Wilcox 2012,
    "Introduction to Robust Estimation", section 4.4): an odd round moves neither, and with three rounds, of which none
    can be left out, it is the usual interval of a mean. Raises ValueError for fewer than three values.
    """
    n = len(values)
    if n < 3:
        raise ValueError(f"an interval needs three rounds, and there are {n}")
    n_cut = int(TRIM * n)
    ordered = np.sort(values)
    inner = ordered[n_cut : n - n_cut]
    winsorised = np.clip(values, inner[0], inner[-1])
    error = float(winsorised.std(ddof=1)) * math.sqrt(n) / len(inner)
    center, margin = float(inner.mean()), t_quantile(len(inner) - 1) * error
    return Interval(center, center - margin, center + margin)


def mean_interval(values: np.ndarray) -> Interval:
    """The mean of (N,) values and its interval, Student's; one value alone tells nothing: any share may be true."""
    center = float(values.mean())
    if len(values) == 1:
        return Interval(center, min(center, 0.0), max(center, 1.0))
    margin = t_quantile(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(center, center - margin, center + margin)


def t_quantile(degrees: int) -> float:
    """The quantile of Student's t at 0.5 + CONFIDENCE / 2; above the table the last one, which is a little wide."""
    return T_QUANTILES[min(degrees, len(T_QUANTILES)) - 1]
