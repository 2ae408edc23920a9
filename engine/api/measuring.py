"""The verbs that measure a finished run again."""

from collections.abc import Callable
from pathlib import Path

from engine.api.reporting import leave_report_page
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.remeasurable import remeasurable_report
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job, Report
from engine.settings import AnalysisRequest, RemeasureRequest
from engine.store.folders import REPORT_PAGE


def remeasure(run: str | Path, on_event: Callable[[Event], None] = lambda event: None) -> Report:
    """Measure the latencies of a run, by its id or its folder, again; its report then holds both measurements.

    Raises RequestError where there is no such run or a file of it is missing, StateError where it has not ended, and
    RunError where its baseline does not run.
    """
    queue = Queue.default()
    folder = run_folder(run, queue.home).path
    foreground.run_analysis(queue.home, _request(queue, folder), on_event=on_event)
    if (folder / REPORT_PAGE).exists():
        leave_report_page(folder)
    return remeasurable_report(folder)


def start_remeasure(id: str, *, token: str | None = None) -> Job:
    """Queue another measurement of a run's latencies; the same `token` (one click) gives the same job.

    Raises NotFoundError, and what `remeasure` raises before it begins.
    """
    queue = Queue.default()
    run = queue.job(id)
    request = _request(queue, queue.folder(id).path.absolute())
    return queue.submit(request, name=f"Measure again: {run.name}", token=token)


def _request(queue: Queue, folder: Path) -> AnalysisRequest:
    return resolve_request(RemeasureRequest(folder=str(folder)), queue.home, from_browser=False)
