"""Which of several models is the best by the goal: one rule for a race and for the recommendation."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from engine.results import Latency
from engine.settings import Goal

AS_FAST = 1.06
"""Two whose intervals overlap and whose ratios are within this factor count as equally fast: the more faithful wins.

At 1.03 noise decides: resnet18 on AVX2 took a candidate of 19.8 dB, which was 2 % faster than one of 26.0 dB.
"""
T = TypeVar("T")


class RankingFigures(NamedTuple):
    """What a model is ranked by. `sqnr_db` is that on the images that choose, infinite where nothing differs.

    `is_simplified` is true where the last step was simplify: the same function in 32-bit floats.
    """

    latency: Latency
    size_bytes: int
    sqnr_db: float
    is_simplified: bool


def best_by_goal(options: Sequence[T], goal: Goal, figures: Callable[[T], RankingFigures]) -> T:
    """The smallest where the goal is size; else, of all that are as fast as the fastest, the most faithful by SQNR.

    A quantized one that is as fast as the simplified FP32 goes before it, since it has a quarter of its size. The
    throughput follows the latency. Raises ValueError where there are no options.
    """
    if goal == "size":
        return min(options, key=lambda one: figures(one).size_bytes)
    fastest = min((figures(one).latency for one in options), key=lambda latency: latency.ratio_to_baseline)
    tied = [one for one in options if as_fast(figures(one).latency, fastest)]
    return max(tied, key=lambda one: _preference(figures(one)))


def best_of_steady(
    options: Sequence[T], goal: Goal, figures: Callable[[T], RankingFigures], is_steady: Callable[[T], bool]
) -> T:
    """The best by the goal of the steady ones, which flip few answers; of all where none is so.

    Raises ValueError where there are no options.
    """
    return best_by_goal([one for one in options if is_steady(one)] or options, goal, figures)


def as_fast(latency: Latency, fastest: Latency) -> bool:
    """Whether the two count as equally fast: their intervals overlap, and the ratios are within AS_FAST."""
    overlap = latency.ratio_low <= fastest.ratio_high
    return overlap and latency.ratio_to_baseline <= AS_FAST * fastest.ratio_to_baseline


def _preference(figures: RankingFigures) -> tuple[bool, float, float]:
    return not figures.is_simplified, figures.sqnr_db, -figures.latency.ratio_to_baseline
