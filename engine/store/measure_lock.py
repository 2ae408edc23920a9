"""The lock of a home that is held while something is measured: one process at a time, and the others know which."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import WaitError

TELL_SECONDS = 5.0
"""Between two times that a process that waits learns who holds the lock."""
MAX_WAIT_SECONDS = 2400.0
"""After that a job no longer waits: longer than measuring a run again may take, and more than runs measure at once."""
WAITING = "waiting"
"""The phase of a job's events while it waits for the lock; its time limit does not count that."""
MAX_NAME = 80


@contextmanager
def measure_lock(path: Path, name: str, on_wait: Callable[[str], None] = lambda name: None) -> Iterator[None]:
    """Waits for the lock, then holds it under a name that those who wait are shown.

    `on_wait(name)` is called at once where another holds the lock, and every few seconds from then on; what it raises
    ends the waiting, as Ctrl-C and a cancel do. The system frees the lock of a process that has died. Raises WaitError
    that names the holder after MAX_WAIT_SECONDS.
    """
    lock, holder = FileLock(path), holder_file(path)
    _acquire(lock, holder, on_wait)
    try:
        with suppress(OSError):  # a full disk: the name is for people
            holder.write_text(name[:MAX_NAME], encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.write_text("", encoding="utf-8")  # not removed: a job may write to this file, not to its folder
        lock.release()


def holder_file(path: Path) -> Path:
    """The file beside a lock that holds the name of whoever has it, and nothing where nobody does."""
    return path.with_name(f"{path.name}.holder")


def _acquire(lock: FileLock, holder: Path, on_wait: Callable[[str], None]) -> None:
    seconds, give_up = 0.0, time.monotonic() + MAX_WAIT_SECONDS
    while True:
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            name = _holder_name(holder)
            if time.monotonic() >= give_up:
                minutes = f"{MAX_WAIT_SECONDS / 60:g} minutes"
                raise WaitError(
                    f"this job has waited {minutes} for its turn to measure, and '{name}' still measures",
                    "Wait for the end of that job, or cancel it; then measure again",
                ) from None
            on_wait(name)
            seconds = min(TELL_SECONDS, max(0.0, give_up - time.monotonic()))
        else:
            return


def _holder_name(holder: Path) -> str:
    try:
        with holder.open("rb") as file:
            return file.read(MAX_NAME).decode(errors="replace") or "another job"
    except OSError:  # nobody has written one yet
        return "another job"
