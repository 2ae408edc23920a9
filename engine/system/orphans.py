"""Waiting for processes below this one whose own parent did not: only then is their processor time known."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2), of <linux/prctl.h>."""


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Within it, Linux makes this process the parent of those below it whose own one has ended; elsewhere nothing."""
    _set_subreaper(1)
    try:
        yield
    finally:
        _set_subreaper(0)


def wait_for_group(group: int) -> None:
    """Waits until no process of the group is left that this one is the parent of; they are to have ended, or to end."""
    try:
        while True:
            os.waitpid(-group, 0)
    except ChildProcessError:
        return


def _set_subreaper(value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0)
