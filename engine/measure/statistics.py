"""Intervals. All are 95 %, two-sided."""

import math

import numpy as np

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The quantile of the normal distribution at 0.5 + CONFIDENCE / 2."""
N_RESAMPLES = 2000


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
