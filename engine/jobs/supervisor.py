"""The supervisor: serves the queue of a home, one job a slot at a time, each in its own process."""

import signal
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from types import FrameType

from filelock import FileLock, Timeout

from engine.errors import Cancelled, FeatherweightError, StateError, StorageError, as_error
from engine.jobs.claims import LEASE_SECONDS, Claims, new_owner
from engine.jobs.executor import RUNNER, Execution
from engine.jobs.kinds import SLOTS
from engine.jobs.queue import Queue
from engine.store.endings import error_outcome
from engine.store.folders import Outcome, now
from engine.store.home import Home

TICK_SECONDS = 0.2
RENEW_SECONDS = LEASE_SECONDS / 6
IDLE_SECONDS = 1800.0  # without a job and without an app that looks after it


def supervise(home: Home, *, idle_seconds: float = IDLE_SECONDS, command: Sequence[str] = RUNNER) -> int:
    """Serve the home's queue until nobody has needed it for `idle_seconds`, or SIGTERM or Ctrl-C; returns 0.

    Raises StateError where a supervisor of this home runs already, StorageError where the home cannot be used.
    """
    home.prepare()
    supervisor = Supervisor(home, command)
    supervisor.listen()
    try:
        while not supervisor.stopped.is_set():
            with FileLock(home.supervisor_lock, timeout=1.0):
                supervisor.serve(idle_seconds)
            if supervisor.idle_since(idle_seconds):  # else an app has looked in at the last moment
                break
    except Timeout as error:
        raise StateError(f"a supervisor of '{home.path}' runs already", "Nothing is left to do") from error
    return 0


class Supervisor:
    """Owns the executions and advances each, tick by tick, in one thread."""

    def __init__(self, home: Home, command: Sequence[str] = RUNNER, slots: Mapping[str, int] = SLOTS) -> None:
        self.home, self.stopped = home, threading.Event()
        self._queue = Queue(home)
        self._claims = Claims(self._queue, new_owner(uuid.uuid4().hex[:8]))
        self._command, self._slots = command, slots
        self._running: dict[str, tuple[str, Execution]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._wake = threading.Event()
        self._busy_at = time.monotonic()
        self._renew_at = 0.0
        self._last_error = ""

    def listen(self) -> None:
        """Install the signal handlers: SIGTERM and Ctrl-C stop the supervisor, the end of a child wakes it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: self._wake.set())

    def serve(self, idle_seconds: float) -> None:
        """Tick until stopped or idle for so long; the jobs that still run then are queued again."""
        while not self.stopped.is_set() and not self.idle_since(idle_seconds):
            try:
                self.tick()
                self._last_error = ""
            except StorageError as error:
                self._report_error(str(error))
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
        for id, (_, execution) in self._running.items():
            execution.kill(Cancelled("the supervisor was stopped"))
            self._claims.release(id)

    def tick(self) -> None:
        """Advance everything once. Raises StorageError; the next tick tries again."""
        for id in list(self._running):
            self._poll(id)
        for id in list(self._outcomes):
            self._queue.finish(id, self._outcomes[id])
            del self._outcomes[id]
        if time.monotonic() >= self._renew_at:
            self._renew()
        for id in self._claims.to_cancel() if self._running else ():
            self._cancel(id)
        for slot in self._claims.waiting():
            self._fill(slot)

    def idle_since(self, seconds: float) -> bool:
        """Whether no job ran and no app touched the heartbeat for so long."""
        if self._running or self._outcomes:
            self._busy_at = time.monotonic()
        last_heartbeat = self.home.heartbeat.stat().st_mtime if self.home.heartbeat.exists() else 0.0
        return time.monotonic() - self._busy_at > seconds and time.time() - last_heartbeat > seconds

    def _poll(self, id: str) -> None:
        execution = self._running[id][1]
        try:
            outcome = execution.poll()
        except (OSError, ValueError, RuntimeError, FeatherweightError) as error:
            self._report_error(f"job {id}: {error!r}")
            execution.abort(as_error(error))  # what it left is no reason to leave the other jobs alone
            outcome = execution.outcome
        if outcome is not None:
            self._outcomes[id] = outcome  # until the database has it, however long its disk is full
            del self._running[id]

    def _renew(self) -> None:
        for id in list(self._running):
            if not self._claims.renew(id):
                self._running[id][1].kill(Cancelled("the job was deleted"))
        self._claims.recover()
        self._renew_at = time.monotonic() + RENEW_SECONDS

    def _cancel(self, id: str) -> None:
        if id in self._running:
            self._running[id][1].cancel()

    def _fill(self, slot: str) -> None:
        busy = sum(1 for job_slot, _ in self._running.values() if job_slot == slot)
        while busy < self._slots[slot]:
            id = self._claims.claim(slot, self._running.keys())
            if id is None:
                return
            self._begin(slot, id)
            busy += 1

    def _begin(self, slot: str, id: str) -> None:
        """Start a job; one that cannot be started fails with the reason."""
        folder = self.home.job(id)
        try:
            self._running[id] = slot, Execution(self.home, folder.request(), folder, command=self._command)
        except FeatherweightError as error:
            self._outcomes[id] = error_outcome(error, now(), began=True)
        except OSError as error:
            reason = StorageError(f"the job cannot be begun: {error.strerror or error}", "Free some disk space")
            self._outcomes[id] = error_outcome(reason, now(), began=True)

    def _report_error(self, text: str) -> None:
        """Print an error, once for each new text."""
        if text != self._last_error:
            print(f"{now()} {text}", file=sys.stderr, flush=True)
            self._last_error = text

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped.set()
        self._wake.set()
