"""The lock of a home that is held while something is measured: one process at a time, and the others know which."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

TELL_SECONDS = 5.0
"""Between two times that a process that waits learns who holds the lock."""
MAX_NAME = 80


@contextmanager
def measure_lock(path: Path, name: str, on_wait: Callable[[str], None] = lambda name: None) -> Iterator[None]:
    """Waits for the lock, then holds it under a name that those who wait are shown.

    `on_wait(name)` is called at once where another holds the lock, and every few seconds from then on; what it raises
    ends the waiting, as Ctrl-C and a cancel do. The system frees the lock of a process that has died.
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
    seconds = 0.0
    while True:
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            on_wait(_holder_name(holder))
            seconds = TELL_SECONDS
        else:
            return


def _holder_name(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8") or "another job"
    except OSError:  # nobody has written one yet
        return "another job"
