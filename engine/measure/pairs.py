"""Every pair of files that were timed in the same rounds: the ratio, the verdict, and how many rounds would tell."""

import math
from collections.abc import Mapping, Sequence
from itertools import permutations

from engine.measure.latency import RoundTiming, compare
from engine.results import Latency, PairVerdict, ShowdownPair
from engine.settings import Target
from engine.settings.hardware_jobs import MOST_ROUNDS


def pairs_of(
    timings: Mapping[str, list[RoundTiming]], target: Target, targets: Mapping[str, Target]
) -> tuple[ShowdownPair, ...]:
    """Both orders of every two of the files, by their position in `timings`, that have a ratio to each other.

    Arguments as of `compare`.
    """
    ids = list(timings)
    pairs = []
    for row, reference in permutations(range(len(ids)), 2):
        both = {id: timings[id] for id in (ids[reference], ids[row])}
        latency = compare(both, ids[reference], target, targets)[ids[row]].latency
        if latency is not None:
            pairs.append(pair_of(row, reference, latency))
    return tuple(pairs)


def pair_of(row: int, reference: int, latency: Latency) -> ShowdownPair:
    """The pair whose ratio a latency has."""
    ratio, low, high = latency.ratio_to_baseline, latency.ratio_low, latency.ratio_high
    verdict: PairVerdict = "faster" if high < 1 else "slower" if low > 1 else "cannot_tell"
    return ShowdownPair(
        row=row,
        reference=reference,
        ratio=ratio,
        low=low,
        high=high,
        n_rounds=latency.n_rounds,
        verdict=verdict,
        rounds_to_tell=rounds_to_tell((ratio, low, high), latency.n_rounds) if verdict == "cannot_tell" else None,
    )


def rounds_to_tell(ratio: Sequence[float], n_rounds: int) -> int | None:
    """About how many rounds would tell whether a ratio (its value, low and high end) is below or above 1.

    An interval shrinks with the root of the number of rounds, so that it excludes 1 once it has shrunk to the distance
    of the ratio from 1, on a logarithmic scale. None where that takes more rounds than a showdown may have.
    """
    value, low, high = (math.log(one) for one in ratio)
    end = high if value < 0 else low
    if value == 0:
        return None
    needed = math.ceil(n_rounds * ((end - value) / value) ** 2)
    return max(needed, n_rounds + 1) if needed <= MOST_ROUNDS else None
