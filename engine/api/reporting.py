"""The verbs that make the report to hand over."""

from pathlib import Path

from engine.errors import NotFoundError, RequestError, StateError
from engine.jobs.queue import Queue
from engine.planning.remeasurable import existing_report
from engine.planning.variant_files import run_folder
from engine.results import Report
from engine.store.folders import write_atomically
from engine.store.verifications import verifications_of


def html_report(run: str | Path) -> str:
    """The report of a run, by its id or its folder, as one HTML page that works offline.

    Raises RequestError where there is no such run or no report of it, StateError before its first variant, and
    StorageError where the report is damaged.
    """
    # Charts are drawn here alone: who imports the engine for something else need not load Plotly.
    from engine.export.html_report import html_report as render

    queue = Queue.default()
    report = _report(queue, run)
    return render(report, run_name(queue, run) or report.recipe.name, verifications_of(queue.home, [report.run_id]))


def run_name(queue: Queue, run: str | Path) -> str:
    """The name of a run of this home, which may have been renamed; empty for a folder."""
    try:
        return queue.job(str(run)).name
    except NotFoundError:
        return ""


def write_html_report(run: str | Path, out: Path) -> None:
    """Write what `html_report` gives to this file, as a whole or not at all. Raises RequestError where it cannot."""
    text = html_report(run)
    try:
        write_atomically(out.expanduser(), text)
    except OSError as error:
        raise RequestError(f"'{out}' cannot be written: {error.strerror}", "Choose another place") from error


def _report(queue: Queue, run: str | Path) -> Report:
    report = existing_report(run_folder(run, queue.home))
    if not report.variants:
        raise StateError("the run has measured nothing yet", "Wait until it has ended")
    return report
