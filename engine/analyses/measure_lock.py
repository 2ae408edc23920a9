"""The home's measure lock for an analysis of minutes: held for a while at a time, so that others can measure."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.store.folders import JobFolder
from engine.store.measure_lock import WAITING, measure_lock
from engine.store.progress import Progress

OTHERS_FIRST_SECONDS = 0.1  # a process that waits for the lock looks at it every 0.05 s


@contextmanager
def hold_measure_lock(lock: Path, name: str, on_wait: Callable[[str], None] = lambda name: None) -> Iterator[None]:
    """Holds the lock, so that nothing else of this home measures. Others that wait for it get it first.

    `on_wait` as in `measure_lock`. Raises WaitError where another holds it for too long.
    """
    threading.Event().wait(OTHERS_FIRST_SECONDS)
    with measure_lock(lock, name, on_wait):
        yield


def wait_event(folder: JobFolder, progress: Progress, step: str) -> Callable[[str], None]:
    """Emits, for `on_wait`, an event that names the job that measures; the fraction stays as it was."""

    def emit(holder: str) -> None:
        last = folder.last_event()
        fraction = last.fraction if last else 0.0
        progress.emit(step, WAITING, fraction, f"waiting for its turn to measure: '{holder}' measures")

    return emit
