"""The best of several by the goal: one rule for races and recommendations."""

import math

import pytest

from engine.measure.ranking import RankingFigures, best_by_goal
from tests.made import made_latency


def best(goal, **options):
    figures = {name: RankingFigures(made_latency(1.0, ratio), *rest) for name, (ratio, *rest) in options.items()}
    return best_by_goal(list(options), goal, figures.__getitem__)


@pytest.mark.parametrize("goal", ["latency", "throughput"])
def test_of_two_as_fast_the_more_faithful_one_is_the_best(goal):
    """Half a percent of speed once took 12 dB for 40."""
    close, far = (0.400, 500, 40.0, False), (0.398, 500, 12.0, False)
    assert best(goal, far=far, close=close) == "close"
    assert best(goal, far=(0.37, 500, 12.0, False), close=close) == "far"  # 8 % are no tie
    assert best(goal, plain=(0.398, 2000, math.inf, True), close=close) == "close"


def test_the_smallest_is_the_best_where_the_goal_is_size():
    assert best("size", small=(0.9, 400, 10.0, False), fast=(0.3, 500, 40.0, False)) == "small"
