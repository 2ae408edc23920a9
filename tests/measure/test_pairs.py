"""Every two of several files: both orders agree, the verdict follows from the interval, and so do further rounds."""

import math

import numpy as np
import pytest

from engine.measure.calls import Calls
from engine.measure.latency import RoundTiming
from engine.measure.pairs import pair_of, pairs_of, rounds_to_tell
from engine.settings import Target
from engine.settings.hardware_jobs import MOST_ROUNDS
from tests.made import made_latency

TARGET = Target(threads=1)


def rounds(*medians: float) -> list[RoundTiming]:
    """Rounds of ten equal calls each."""
    return [
        RoundTiming(Calls(np.full(10, ms), np.full(10, ms), np.zeros(10, int), np.zeros(10)), 1, {}) for ms in medians
    ]


def test_every_two_have_a_ratio_and_the_other_order_is_its_inverse():
    timings = {"a": rounds(1.0, 1.1, 0.9), "b": rounds(2.0, 2.2, 1.8), "c": rounds(2.1, 2.1, 1.9)}
    pairs = {(pair.row, pair.reference): pair for pair in pairs_of(timings, TARGET, {})}
    assert sorted(pairs) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    assert pairs[1, 0].ratio == pytest.approx(2.0)
    assert pairs[1, 0].verdict == "slower"
    assert pairs[0, 1].verdict == "faster"
    for (row, reference), pair in pairs.items():
        back = pairs[reference, row]
        assert (pair.ratio * back.ratio, pair.low * back.high) == (pytest.approx(1), pytest.approx(1))
    assert (pairs[2, 1].verdict, pairs[2, 1].n_rounds) == ("cannot_tell", 3)


def test_who_has_too_few_rounds_that_count_has_no_pair():
    disturbed = [
        RoundTiming(Calls(np.ones(10), np.ones(10), np.ones(10, int), np.full(10, math.inf)), 1, {}) for _ in range(3)
    ]
    timings = {"a": rounds(1.0, 1.0, 1.0), "b": disturbed, "c": rounds(2.0, 2.0, 2.0)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.measure.calls.TOLERANCE", 0.02)
        found = {(pair.row, pair.reference) for pair in pairs_of(timings, TARGET, {})}
    assert found == {(0, 2), (2, 0)}


def test_the_verdict_is_on_the_row():
    for ratio, verdict in ((0.8, "faster"), (1.25, "slower"), (1.05, "cannot_tell"), (0.95, "cannot_tell")):
        assert pair_of(1, 0, made_latency(1.0, ratio)).verdict == verdict


@pytest.mark.parametrize(("ratio", "expected"), [
    ((math.exp(0.1), math.exp(-0.1), math.exp(0.3)), 48),  # the lower end is twice as far as the ratio itself
    ((math.exp(-0.1), math.exp(-0.5), math.exp(0.1)), 48),
    ((math.exp(0.1), math.exp(-0.0001), math.exp(0.2)), 13),
    ((1.001, 0.9, 1.1), None),
    ((1.0, 0.9, 1.1), None),
])  # fmt: skip
def test_how_many_rounds_would_tell_grows_with_the_square_of_the_interval(ratio, expected):
    found = rounds_to_tell(ratio, 12)
    assert found == expected
    assert found is None or found <= MOST_ROUNDS
