"""Runs one job in a subprocess, enforces its limits, and records how it ended.

The supervisor and the foreground both use it.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Cancelled, FeatherweightError, LimitError, RunError, StorageError
from engine.jobs.kinds import kind_of
from engine.jobs.policy import input_paths
from engine.jobs.processes import (
    MAX_PROCESSES,
    child_environment,
    limit_resources,
    resource_use,
    signal_group,
    signal_name,
    sweep,
)
from engine.settings import JobRequest
from engine.settings.jobs import looks_into_a_file
from engine.store.endings import error_outcome, settle
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.store.home import Home
from engine.store.job_files import remove
from engine.store.measure_lock import MAX_WAIT_SECONDS, WAITING
from engine.system.machine import memory_bytes
from engine.wording import duration

RUNNER = (sys.executable, "-P", "-m", "engine.runner")
GRACE_SECONDS = 1.0  # between SIGTERM and SIGKILL
WATCH_SECONDS = 1.0  # between two looks at memory and processes
MEMORY_SHARE = 0.9
SPARE_BYTES = 8_000_000_000
"""What libraries may set aside beyond the machine's memory and never touch: stacks and buffers of their threads, on a
machine with many cores."""
LOOK_BYTES, LOOK_FACTOR = 8_000_000_000, 8
"""Memory of a job that looks into a file: so much, and so many times the bytes of the file and of those beside it.
What constants may be blown up to (engine/models/scan.py) fits four times."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Hard limits of a job, on all its processes together; a job that exceeds one is killed."""

    seconds: float
    memory_bytes: int
    processes: int = MAX_PROCESSES


def limits_for(request: JobRequest, upload: Path | None = None) -> Limits:
    """The limits of a request: the seconds that its kind allows, and 90 % of the memory, less to look into a file.

    `upload` is the folder of the files that an import looks into.
    """
    n_bytes = int(memory_bytes() * MEMORY_SHARE)
    if looks_into_a_file(request):
        paths = (*input_paths(request), *([upload] if upload is not None else []))
        files = {file for path in paths for file in ((path,) if path.is_file() else path.glob("*"))}
        n_bytes = min(n_bytes, LOOK_BYTES + LOOK_FACTOR * sum(file.stat().st_size for file in files if file.is_file()))
    return Limits(seconds=kind_of(request).limit_seconds(request), memory_bytes=n_bytes)


class Execution:
    """One job's subprocess, from its start to its outcome. Start it from a thread that lives as long as the job."""

    def __init__(
        self, home: Home, job: JobFile, folder: JobFolder, limits: Limits | None = None, command: Sequence[str] = RUNNER
    ) -> None:
        self._job, self._folder = job, folder
        self._limits = limits or limits_for(job.request, folder.upload)
        self._started, self._began = now(), time.monotonic()
        self._kill_at: float | None = None
        self._watch_at = self._began + WATCH_SECONDS
        self._waited = 0.0
        self._reason: FeatherweightError | None = None
        self.outcome: Outcome | None = None
        folder.begin()
        with folder.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, str(folder.path), str(folder.request_file)],
                env=child_environment(home, folder, job),
                cwd=folder.work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        limit_resources(self._process.pid, memory_bytes() + SPARE_BYTES)

    def poll(self) -> Outcome | None:
        """The outcome once the job has ended; until then checks the limits and kills a cancelled job in time."""
        if self.outcome is None:
            if self._process.poll() is None:
                self._watch()
            else:
                self.outcome = self._end(self._process.returncode)
        return self.outcome

    def wait(self, seconds: float) -> Outcome | None:
        """`poll` after at most this long, sooner where the job ends."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.poll()

    def cancel(self) -> None:
        """Send the group SIGTERM, and SIGKILL a second later; a second call changes nothing."""
        if self._reason is None and self._process.poll() is None:
            self._reason = Cancelled("the job was cancelled", "Run it again when you like")
            self._kill_at = time.monotonic() + GRACE_SECONDS
            signal_group(self._process.pid, signal.SIGTERM)

    def kill(self, reason: FeatherweightError) -> None:
        """Kill the whole group and record the reason; does nothing where the job has ended."""
        if self._process.poll() is None:
            self._reason = self._reason or reason
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.poll()

    def abort(self, error: FeatherweightError) -> None:
        """Kill the whole group, and end the job with `error`; for what went wrong while it was polled."""
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        sweep(self._job.id)
        self.outcome = error_outcome(error, self._started, began=True)

    def _watch(self) -> None:
        seconds_now = time.monotonic()
        if self._kill_at is not None and seconds_now >= self._kill_at:
            signal_group(self._process.pid, signal.SIGKILL)
        if seconds_now - self._began - self._waited > self._limits.seconds:
            self.kill(
                LimitError(
                    f"the job ran longer than its hard limit of {duration(self._limits.seconds)}",
                    "Allow more minutes (budget.minutes), or choose less work",
                    code="time",
                )
            )
        elif seconds_now >= self._watch_at:
            self._watch_wait(seconds_now - self._watch_at + WATCH_SECONDS)
            self._watch_at = seconds_now + WATCH_SECONDS
            self._watch_use()

    def _watch_wait(self, seconds: float) -> None:
        """Leaves these seconds out of the job's time where it waits for its turn on this machine."""
        event = self._folder.last_event()
        if event is not None and event.phase == WAITING and self._waited < MAX_WAIT_SECONDS:
            self._waited += seconds

    def _watch_use(self) -> None:
        n_bytes, n_processes = resource_use(self._process.pid)
        if n_bytes > self._limits.memory_bytes:
            allowed = f"{self._limits.memory_bytes / 1e6:.0f} MB"
            self.kill(
                LimitError(
                    f"the job used {n_bytes / 1e6:.0f} MB of memory, {allowed} are allowed",
                    "Choose a smaller model or a smaller batch",
                    code="memory",
                )
            )
        elif n_processes > self._limits.processes:
            self.kill(
                LimitError(
                    f"the job started {n_processes} processes, {self._limits.processes} are allowed",
                    "Look into its log",
                    code="processes",
                )
            )

    def _end(self, status: int) -> Outcome:
        signal_group(self._process.pid, signal.SIGKILL)  # what the runner left behind
        sweep(self._job.id)
        remove(self._folder.work)  # first, so that there is space for the outcome
        outcome = self._runner_outcome() or error_outcome(
            self._reason or _exit_error(status), self._started, began=True
        )
        try:
            settle(self._folder, outcome)
        except (OSError, StorageError) as error:
            print(f"job {self._job.id}: how it ended cannot be written: {error}", file=sys.stderr)
        return outcome

    def _runner_outcome(self) -> Outcome | None:
        """The outcome that the runner wrote; None where there is none, or where a cancel caused its error.

        Its times are those that this process saw.
        """
        try:
            outcome = self._folder.outcome()
        except StorageError:
            return None
        if outcome is None or (outcome.state == "failed" and isinstance(self._reason, Cancelled)):
            return None
        return outcome.model_copy(update={"started": self._started, "finished": now()})


def _exit_error(status: int) -> RunError:
    if status < 0:
        out_of_memory = "; the system may have run out of memory" if -status == signal.SIGKILL else ""
        return RunError(
            f"the job's process was ended by {signal_name(-status)}{out_of_memory}",
            "Look into the log, then run it again",
            code="signal",
        )
    return RunError(
        f"the job's process ended with status {status} and without a word", "Look into the log", code="internal"
    )
