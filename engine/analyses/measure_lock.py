"""Turns at the machine, for an analysis that takes minutes: it holds the home's measure lock a while at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

OTHERS_FIRST_SECONDS = 0.1  # a process that waits for the lock looks at it every 0.05 s


@contextmanager
def hold_measure_lock(lock: Path) -> Iterator[None]:
    """While nothing else of this home measures. Others that wait get their turn before."""
    threading.Event().wait(OTHERS_FIRST_SECONDS)
    with FileLock(lock):
        yield
