"""How long the threads of this process waited for a core, where the system accounts it (Linux)."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

TASKS = Path("/proc/self/task")


class RunQueue:
    """Counters of the threads that this process had when it was opened; none where the system accounts nothing.

    `/proc/PID/task/TID/schedstat` holds the nanoseconds on a core and those of waiting for one, though runnable
    (https://docs.kernel.org/scheduler/sched-stats.html).
    """

    def __init__(self, files: list[int]) -> None:
        self._files = files

    @property
    def is_known(self) -> bool:
        """Whether the system accounts the waiting."""
        return bool(self._files)

    def waited_ms(self) -> np.ndarray:
        """(n_threads,): how long each thread has waited so far; 0 for one that has ended."""
        return np.array([_waited_ns(file) for file in self._files], dtype=np.float64) / 1e6


@contextmanager
def run_queue() -> Iterator[RunQueue]:
    """The counters of all threads that this process has now; open it after the threads that count were started."""
    with ExitStack() as stack:
        files = []
        for task in TASKS.iterdir() if TASKS.is_dir() else ():
            with suppress(OSError):  # a thread may end at any time
                file = os.open(task / "schedstat", os.O_RDONLY)
                stack.callback(os.close, file)
                files.append(file)
        # A kernel that was built without the accounting gives zeros.
        yield RunQueue(files if any(_on_core_ns(file) for file in files) else [])


def _on_core_ns(file: int) -> int:
    fields = _fields(file)
    return int(fields[0]) if fields else 0


def _waited_ns(file: int) -> int:
    fields = _fields(file)
    return int(fields[1]) if fields else 0


def _fields(file: int) -> list[bytes]:
    with suppress(OSError):
        return os.pread(file, 64, 0).split()
    return []
