"""The home's measure lock for an analysis of minutes: held for a while at a time, so that others can measure."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.store.measure_lock import measure_lock

OTHERS_FIRST_SECONDS = 0.1  # a process that waits for the lock looks at it every 0.05 s


@contextmanager
def hold_measure_lock(lock: Path, name: str) -> Iterator[None]:
    """Holds the lock, so that nothing else of this home measures. Others that wait for it get it first."""
    threading.Event().wait(OTHERS_FIRST_SECONDS)
    with measure_lock(lock, name):
        yield
