"""Intervals. All are 95 %, two-sided."""

import math
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


def wilson(right: int, n: int) -> tuple[float, float]:
    """Interval of a share of `right` out of `n` images (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    share, denominator = right / n, 2 * (n + Z**2)
    center = (2 * n * share + Z**2) / denominator
    margin = Z / denominator * math.sqrt(4 * n * share * (1 - share) + Z**2)
    return 0.0 if right == 0 else center - margin, 1.0 if right == n else center + margin


def paired_drop(only_first: int, only_second: int, n: int) -> tuple[float, float]:
    """Interval of the difference of two shares over the same `n` images.

    `only_first` images count for the first alone, `only_second` for the second alone. Adjusted Wald with half a
    pair added to each cell (Agresti and Min 2005, doi:10.1002/sim.1781), which stays sound for few disagreements.
    """
    first, second, total = only_first + 0.5, only_second + 0.5, n + 2
    difference = (first - second) / total
    error = np.sqrt((first + second) - (first - second) ** 2 / total) / total
    margin = float(Z * error)
    return max(-1.0, difference - margin), min(1.0, difference + margin)


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


def t_quantile(degrees: int) -> float:
    """The quantile of Student's t at 0.5 + CONFIDENCE / 2; above the table the last one, which is a little wide."""
    return T_QUANTILES[min(degrees, len(T_QUANTILES)) - 1]
