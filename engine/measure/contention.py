"""Whether other programs used so much of the machine that latencies are not reliable."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from engine.results import Note, codes
from engine.system.machine import cores
from engine.wording import many

ENOUGH_FREE = 0.85
"""Share of the target's threads that must have had a core of their own."""
MOSTLY_FREE = 0.7
"""Share of them from which on the others used little."""
LOOK_SECONDS = 0.25
"""How long a look at the machine's load takes."""


@dataclass(frozen=True)
class Load:
    """Processor seconds so far: of the wall clock, of the whole machine, of this process."""

    wall: float
    machine: float
    own: float

    @classmethod
    def now(cls) -> "Load":
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted in user and nice already
        return cls(time.monotonic(), sum(times) - idle - guest, time.process_time())


@contextmanager
def watched(threads: int) -> Iterator[list[Note]]:
    """A list that gets a warning at the end where other programs left fewer free cores than `threads`."""
    notes: list[Note] = []
    before = Load.now()
    yield notes
    note = busy_note(before, Load.now(), threads, psutil.cpu_count() or cores())
    notes += [note] if note else []


def not_measured_note(n_missing: int, n_files: int) -> Note:
    """A warning that so many of the files have no latency."""
    text = (
        f"The speed of {n_missing} of {many(n_files, 'file')} was not measured: other programs disturbed their calls, "
        "again and again. Measure again on a quiet machine"
    )
    return Note(code=codes.NOT_MEASURED, text=text)


def wait_for_quiet(threads: int, most_seconds: float) -> None:
    """Waits, while this process is idle, until `threads` cores are free, at most so long."""
    n_cores, ends = psutil.cpu_count() or cores(), time.monotonic() + most_seconds
    while time.monotonic() < ends:
        busy_cores = psutil.cpu_percent(LOOK_SECONDS) / 100 * n_cores
        if n_cores - busy_cores >= ENOUGH_FREE * threads:
            return


def busy_note(before: Load, after: Load, threads: int, n_cores: int) -> Note | None:
    """A warning where other programs left fewer free cores than the target has threads, else None.

    `n_cores` are those of the machine. Time that the hypervisor gave to others (steal) counts as theirs.
    """
    wall = after.wall - before.wall
    others = max(0.0, (after.machine - before.machine) - (after.own - before.own)) / wall
    if n_cores - others >= ENOUGH_FREE * threads:
        return None
    used = (
        f"Other programs used {others:.1f} of {n_cores} cores while latency was measured with {many(threads, 'thread')}"
    )
    text = (
        f"{used}, which is little: the calls that they disturbed do not count, but a quiet machine would be surer"
        if n_cores - others >= MOSTLY_FREE * threads
        else f"{used}: the ratios may be off by more than their intervals; run it again on a quiet machine"
    )
    return Note(code=codes.MACHINE_BUSY, text=text)
