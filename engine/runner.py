"""`python -m engine.runner FOLDER REQUEST`: carries out one job, in a process of its own.

REQUEST is the file that says what is asked. It lies outside the folder, since it also says what this process may do.

The outermost frame, where any exception is caught (engine/run/branch.py catches those of one chain). What the user
sees of it is outcome.json; the traceback goes to stderr, which is the folder's log.txt. Exit status: 0 done, 1 failed,
2 refused, 130 cancelled.
"""

import compileall
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from engine.errors import Cancelled, as_error
from engine.jobs.kinds import kind_of, load
from engine.jobs.policy import policy_of
from engine.measure.first_call import FUNCTION
from engine.planning.parts import START, STARTING
from engine.results import Note, Report, Result
from engine.settings import AnalysisRequest, JobRequest, RunRequest
from engine.store.endings import FAILED, error_outcome, settle
from engine.store.folders import JobFolder, Outcome, now
from engine.store.home import Home
from engine.store.measure_lock import WAITING, measure_lock
from engine.store.progress import Progress
from engine.system import parent
from engine.system.fresh_processes import FreshProcesses
from engine.system.sandbox import PACKAGE, Policy, confine

LOADING = "loading the libraries"
RETRY_HINT = "What was finished before is kept in its report; run it again when you like"


def main(path: str, request_file: str) -> int:
    """Carry out what the request asks, in the folder; write how it ended, and return the exit status."""
    die_with_parent()
    signal.signal(signal.SIGTERM, _cancel)
    folder, started = JobFolder(Path(path), Path(request_file)), now()
    try:
        outcome = _run_job(folder, started)
    except KeyboardInterrupt:
        next = RETRY_HINT if _has_variants(folder) else "Run it again when you like"
        outcome = error_outcome(Cancelled("the job was cancelled", next), started, began=True)
    except Exception as error:  # noqa: BLE001 (the outermost frame)
        folder.make_room()  # first: on a full disk not even the traceback could be written
        traceback.print_exc()
        outcome = error_outcome(as_error(error), started, began=_has_variants(folder))
    settle(folder, outcome)
    return outcome.exit_status


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent dies, even by SIGKILL; Linux only."""
    started_by = os.environ.get("FEATHERWEIGHT_PARENT")
    parent.die_with_parent(None if started_by is None else int(started_by))


def _run_job(folder: JobFolder, started: str) -> Outcome:
    request, progress = folder.request().request, Progress(folder)
    policy = _policy(folder, request)
    if isinstance(request, RunRequest):
        processes = FreshProcesses(FUNCTION, policy)
        confine(policy)
        return _ending(_run(request, folder, progress, processes), started)
    confine(policy)
    folder.write("result.json", _analyse(request, folder, progress))
    return Outcome(state="done", exit_status=0, started=started, finished=now())


def _policy(folder: JobFolder, request: JobRequest) -> Policy:
    """What this process is kept to before it reads anything that a user gave; what it names is there then."""
    home = Home.default()
    home.prepare()
    if os.access(PACKAGE, os.W_OK):  # a job may not write bytecode, and every other one would compile the engine again
        compileall.compile_dir(PACKAGE, quiet=2)
    policy = policy_of(home, folder, request)
    for path in policy.downloads:
        with suppress(OSError):  # the Hub's client says what is wrong with it
            path.mkdir(parents=True, exist_ok=True)
    return policy


def _run(request: RunRequest, folder: JobFolder, progress: Progress, processes: FreshProcesses) -> Report:
    began = time.monotonic()
    progress.emit(START, STARTING, 0.0, LOADING)
    run = load(kind_of(request).function)  # torch and onnxruntime take seconds: the first event comes before them
    report: Report = run(request.recipe, folder, progress, Home.default(), began=began, processes=processes)
    return report


def _analyse(request: AnalysisRequest, folder: JobFolder, progress: Progress) -> Result:
    """The result of an analysis, which begins when no run measures: even loading libraries would disturb latencies."""
    home, kind = Home.default(), kind_of(request)
    progress.emit("start", WAITING, 0.0, "waiting for its turn on this machine")

    def on_wait(holder: str) -> None:
        progress.emit("start", WAITING, 0.0, f"waiting for its turn on this machine: '{holder}' measures")

    with measure_lock(home.measure_lock, folder.request().name, on_wait):
        progress.emit("start", "starting", 0.0, LOADING)
        function: Callable[..., Result] = load(kind.function)
        if not kind.locks_itself:
            return function(request, folder, progress)
    return function(request, folder, progress)


def _ending(report: Report, started: str) -> Outcome:
    """The outcome of a run: done, or failed with the first failure of its report."""
    if not report.failures:
        return Outcome(state="done", exit_status=0, started=started, finished=now())
    first = report.failures[0]
    return Outcome(
        state="failed",
        error=Note(code=first.code, text=first.message),
        next=first.next,
        exit_status=FAILED,
        started=started,
        finished=now(),
    )


def _has_variants(folder: JobFolder) -> bool:
    report = folder.report()
    return report is not None and bool(report.variants)


def _cancel(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, which no `except Exception` catches; further signals are ignored."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
