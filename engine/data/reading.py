"""How far the reading of data is, and work on many files in threads that ends at once when it is cancelled."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.data.parts import THREADS

ReadProgress = Callable[[float, str], None]
"""Is called with the share of the reading that is done, 0 to 1, and a message."""
_WINDOW = 256
"""Items that wait for a thread at once, so that neither memory nor the time of a cancel grows with their number."""
Item = TypeVar("Item")
Answer = TypeVar("Answer")


def no_read_progress(fraction: float, message: str) -> None:
    """Reports nothing."""


def within(on_progress: ReadProgress, start: float, end: float) -> ReadProgress:
    """The progress of work that covers `start` to `end` of the whole, called once for each percent of that work.

    The share never falls; of work that begins anew (an archive in an archive) the messages alone go on.
    """
    percent, highest = -1, 0.0

    def report(fraction: float, message: str) -> None:
        nonlocal percent, highest
        if int(100 * fraction) != percent:
            percent, highest = int(100 * fraction), max(highest, fraction)
            on_progress(start + highest * (end - start), message)

    return report


def in_threads(
    function: Callable[[Item], Answer], items: Sequence[Item], on_done: Callable[[int], None] = lambda n: None
) -> Iterator[Answer]:
    """The answer for each item, in order; `on_done` gets how many there are so far. Raises what `function` raises."""
    n_done = 0
    with ThreadPoolExecutor(THREADS) as threads:
        for start in range(0, len(items), _WINDOW):
            for answer in threads.map(function, items[start : start + _WINDOW]):
                n_done += 1
                on_done(n_done)
                yield answer
