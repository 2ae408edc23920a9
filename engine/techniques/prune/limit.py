"""A limit on the time that a library may take."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from engine.errors import StepError

SECONDS = 120.0


@contextmanager
def limited(architecture: str, seconds: float = SECONDS) -> Iterator[None]:
    """Raises StepError inside the block after so many seconds. Only in the main thread, which is where jobs run."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise StepError(
            f"finding out which channels of '{architecture}' go together took longer than {seconds:g} s",
            "Distil it into a narrower network of its family instead",
        )

    previous_handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous_handler)
