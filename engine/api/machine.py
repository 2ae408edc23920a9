"""The verbs about this machine's limits: peaks, the workload of models, and the roofline of both."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from engine.api.jobs import analysis_key, find_analysis, result
from engine.errors import StorageError
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning import roofline as placing
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Environment, Event
from engine.results.machine import Peaks, Roofline, Workloads
from engine.settings import PeaksRequest, WorkloadRequest
from engine.store.home import Home
from engine.store.uploads import file_sum
from engine.system.machine import cores, cpu_name, environment

OnEvent = Callable[[Event], None]


def this_machine() -> Environment:
    """This machine's processor, cores, memory, cards and versions, without its runtimes: nothing is opened."""
    return environment()


def peaks_request(threads: int | None = None) -> PeaksRequest:
    """The request for this machine's peaks with so many threads; None is all cores, and so is their number."""
    return PeaksRequest(threads=None if threads == cores() else threads)


def workload_request(run: str | Path) -> WorkloadRequest:
    """The request for the workloads of a run's variants, by its id or its folder. Raises RequestError.

    It is another one once the report has changed, as it does when its latencies are measured again.
    """
    folder = run_folder(run, Home.default()).path
    path = folder / "report.json"
    return WorkloadRequest(folder=str(folder), report_sha256=file_sum(path) if path.is_file() else None)


def known_peaks(threads: int | None = None) -> Peaks | None:
    """This machine's peaks with so many threads, where this home has measured them with the same libraries."""
    job = find_analysis(peaks_request(threads))
    known = result(job.id) if job is not None and job.state == "done" else None
    return known if isinstance(known, Peaks) else None


def measure_peaks(threads: int | None = None, on_event: OnEvent = lambda event: None) -> Peaks:
    """What each data type is worth on this machine, and its memory; takes a minute. Raises RequestError, RunError.

    This home keeps them: `known_peaks` and the Machine page find them.
    """
    home = Home.default()
    resolved = resolve_request(peaks_request(threads), home, from_browser=False)
    peaks = cast(Peaks, foreground.run_analysis(home, resolved, on_event=on_event))
    with suppress(StorageError):  # they hold all the same, and are measured again the next time
        Queue(home).keep(resolved, peaks, analysis_key(resolved))
    return peaks


def workloads(request: WorkloadRequest, on_event: OnEvent = lambda event: None) -> Workloads:
    """What models compute and move in a call. Raises RequestError, StateError for a run that goes on, and RunError."""
    home = Home.default()
    resolved = resolve_request(request, home, from_browser=False)
    return cast(Workloads, foreground.run_analysis(home, resolved, on_event=on_event))


def timed_elsewhere(cpu: str) -> str:
    """Why what was timed on this processor says nothing of this machine; empty where it is the machine's own."""
    return placing.timed_elsewhere(cpu, cpu_name())


def roofline(workloads: Workloads, peaks: Peaks) -> Roofline:
    """How close files come to what this machine can do, and what bounds them; an estimate where the peaks are one."""
    return placing.place(workloads, peaks)
