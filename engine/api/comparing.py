"""The verb that puts several runs beside each other."""

from collections.abc import Sequence

from engine.errors import RequestError
from engine.jobs.queue import Queue
from engine.planning.comparing import compare_reports
from engine.results import RunComparison

MOST_RUNS = 50
"""So many runs stay readable, and quick."""


def compare(run_ids: Sequence[str], *, candidates: bool = False) -> RunComparison:
    """The variants of these runs side by side; with `candidates` also those of their races.

    Runs that have measured nothing have no rows. Raises RequestError where there is no run, more than MOST_RUNS, or
    none has measured anything; NotFoundError where there is no such run; StorageError where a report is damaged.
    """
    if not 1 <= len(run_ids) <= MOST_RUNS:
        raise RequestError(f"{len(run_ids)} runs cannot be compared", f"Choose 1 to {MOST_RUNS}")
    queue = Queue.default()
    reports = [(queue.job(id).name, queue.folder(id).report()) for id in dict.fromkeys(run_ids)]
    runs = [(name, report) for name, report in reports if report is not None and report.variants]
    if not runs:
        raise RequestError("none of these runs has measured anything", "Choose a run that has results")
    return compare_reports(runs, candidates=candidates)
