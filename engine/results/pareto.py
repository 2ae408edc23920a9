"""The Pareto front: of several things with two costs, those that no other equals or beats in both."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def nondominated(things: Iterable[T], costs: Callable[[T], tuple[float, float]]) -> list[T]:
    """Those for which every other one that costs no more of the first costs more of the second, the cheapest first."""
    best, front = float("inf"), []
    for one in sorted(things, key=costs):
        if (second := costs(one)[1]) < best:
            best = second
            front.append(one)
    return front
