"""Timed calls of a session, and which of them nothing disturbed.

A call is disturbed where a thread of this process waited for a core: then its time is that of the other programs as
well. Where the system accounts the waiting (Linux), a call counts as undisturbed up to TOLERANCE of its time: a switch
of some microseconds is no reason to leave out a call of 30 ms. Elsewhere it must be without any involuntary context
switch. docs/log.md, 2026-11-26, has what was tried.

This file needs numpy alone, so that a deployment bundle can carry it as it is and time in the same way elsewhere.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

try:
    import resource
except ImportError:  # Windows has no such counters
    resource = None  # type: ignore[assignment]

TASKS, MACHINE_TIMES = Path("/proc/self/task"), Path("/proc/stat")
N_TIMES, STEAL = 8, 7
"""So many of the machine's times (proc_stat(5)) count, the last being what was stolen: guests are in user already."""
MAX_WARMUP, WARMUP_SECONDS = 5, 0.5
ROUND_SECONDS, MOST_ROUND_SECONDS = 0.15, 0.6
"""The calls of one file in one round take about so long, and at most so long where others disturb them."""
MAX_CALLS = 200
TOLERANCE = 0.02
"""The share of a call's time that its threads may have waited for a core."""
STOLEN_TOLERANCE = 0.05
"""The share of the machine's time that its hypervisor may have given to others; it is counted in steps of 10 ms."""
MIN_CALLS, ENOUGH_CALLS = 3, 10
"""Undisturbed calls without which none of a turn counts, and those after which it is not prolonged any more."""
MIN_SHARE = 0.1
"""The share of the calls of a turn that must be undisturbed.

With three busy loops beside two threads on two cores 1 to 3 % are, and 4 of 24 ratios from these were off by more than
25 % and by more than their interval: then what no counter shows decides.
"""

Session = Callable[[Any], object]


@dataclass(frozen=True)
class Calls:
    """Calls of one file, one after the other, all (n_calls,): milliseconds by the clock and of processor time.

    The processor time of several threads is exact over many calls alone: the system adds up those that run on other
    cores at its own ticks. `switches` are involuntary context switches of this process. `waited_ms` is the longest that
    a thread of it waited for a core meanwhile; NaN where the system does not account it. `stolen` is the share of the
    machine's time that the hypervisor gave to others.
    """

    ms: np.ndarray
    processor_ms: np.ndarray
    switches: np.ndarray
    waited_ms: np.ndarray
    stolen: float = 0.0

    @property
    def undisturbed(self) -> np.ndarray:
        """(n_calls,) bool: the calls that count."""
        if self.stolen > STOLEN_TOLERANCE:
            return np.zeros(len(self.ms), dtype=bool)
        waiting = self.waited_ms > TOLERANCE * self.ms
        return ~np.where(np.isnan(self.waited_ms), self.switches > 0, waiting)

    @property
    def undisturbed_ms(self) -> np.ndarray:
        """The milliseconds of the calls that count; empty where fewer than MIN_CALLS or MIN_SHARE of all do."""
        ms = self.ms[self.undisturbed]
        return np.asarray(ms if len(ms) >= max(MIN_CALLS, MIN_SHARE * len(self.ms)) else ms[:0])


def time_turn(session: Session, inputs: Any) -> tuple[Calls, int]:
    """The calls of one file in one round, after so many calls to warm it up that do not count."""
    warmup_seconds = [_call_seconds(session, inputs)]
    while len(warmup_seconds) < MAX_WARMUP and sum(warmup_seconds) < WARMUP_SECONDS:
        warmup_seconds.append(_call_seconds(session, inputs))
    n_calls = int(np.clip(ROUND_SECONDS / min(warmup_seconds), MIN_CALLS, MAX_CALLS))
    return time_calls(session, inputs, n_calls, MOST_ROUND_SECONDS), len(warmup_seconds)


def _call_seconds(session: Session, inputs: Any) -> float:
    start = time.perf_counter()
    session(inputs)
    return time.perf_counter() - start


def time_calls(session: Session, inputs: Any, n_calls: int, seconds: float) -> Calls:
    """So many calls, and further ones until ENOUGH_CALLS of them were undisturbed; after `seconds` no more.

    MIN_CALLS are made however long they take.
    """
    ends, times_before = time.perf_counter() + seconds, _machine_times()
    with run_queue() as queue:
        recorder = _Recorder(queue)
        while len(recorder.rows) < MIN_CALLS or time.perf_counter() < ends:
            recorder.call(session, inputs)
            n_more = len(recorder.rows) - n_calls
            looks = n_more >= 0 and n_more % math.ceil(n_calls / 4) == 0
            if looks and recorder.calls().undisturbed.sum() >= min(n_calls, ENOUGH_CALLS):
                break
        return recorder.calls(_stolen(times_before, _machine_times()))


class _Recorder:
    """Times calls; a row a call: when it began and ended, in seconds, processor seconds, and switches."""

    def __init__(self, queue: "RunQueue") -> None:
        self.rows: list[tuple[float, float, float, int]] = []
        self._queue = queue
        self._waited = [queue.waited_ms()]

    def call(self, session: Session, inputs: Any) -> None:
        switches, processor = _switches(), time.process_time()
        began = time.perf_counter()
        session(inputs)
        ended = time.perf_counter()
        self.rows.append((began, ended, time.process_time() - processor, _switches() - switches))
        self._waited.append(self._queue.waited_ms())

    def calls(self, stolen: float = 0.0) -> Calls:
        began, ended, processor, switches = np.array(self.rows).T
        if self._queue.is_known:
            waited = waited_within(began * 1000, ended * 1000, np.diff(np.array(self._waited), axis=0))
        else:
            waited = np.full(len(began), np.nan)
        return Calls((ended - began) * 1000, processor * 1000, switches, waited, stolen)


def waited_within(began_ms: np.ndarray, ended_ms: np.ndarray, waits_ms: np.ndarray) -> np.ndarray:
    """(n_calls,): the longest that any thread may have waited within each call.

    `waits_ms` (n_calls, n_threads) are the waits that were accounted by the end of each call. The system accounts a
    wait when it is over. That may have been at any time within the call, as the thread that computes may then have had
    to wait in its turn; so the wait counts in full for this call, and for as long before its beginning.
    """
    within = np.zeros(waits_ms.shape)
    for call, thread in zip(*np.nonzero(waits_ms > 0), strict=True):
        wait = waits_ms[call, thread]
        within[call, thread] += wait
        start = began_ms[call] - wait
        before = slice(int(np.searchsorted(ended_ms, start, side="right")), call)
        within[before, thread] += np.clip(ended_ms[before] - np.maximum(began_ms[before], start), 0.0, None)
    return np.asarray(within.max(axis=1, initial=0.0))


def _switches() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource is not None else 0


def _machine_times() -> np.ndarray:
    """(N_TIMES,): what all cores did so far, in ticks of the system; zeros where it does not tell."""
    with suppress(OSError, ValueError):
        fields = MACHINE_TIMES.read_text().split("\n", 1)[0].split()[1 : 1 + N_TIMES]
        if len(fields) == N_TIMES:
            return np.array(fields, dtype=np.float64)
    return np.zeros(N_TIMES)


def _stolen(before: np.ndarray, after: np.ndarray) -> float:
    """The share of the machine's time that went to other virtual machines; 0 where the system does not tell."""
    spent = after - before
    total = float(spent.sum())
    return float(spent[STEAL]) / total if total > 0 else 0.0


class RunQueue:
    """How long the threads that this process had when it was opened waited for a core; none where nothing tells.

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
