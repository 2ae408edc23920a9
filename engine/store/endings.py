"""Writes how a job ended: by the runner itself, or by the executor after the runner died."""

from contextlib import suppress
from datetime import datetime

from engine.errors import Cancelled, FeatherweightError, RequestError, RunError, StorageError
from engine.results import Failure, Note, Report, State
from engine.settings import RunRequest, dump_recipe
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.system.machine import environment

REFUSED, FAILED, CANCELLED = RequestError.exit_status, RunError.exit_status, Cancelled.exit_status


def error_outcome(error: FeatherweightError, started: str, *, began: bool) -> Outcome:
    """The outcome of a job that ended with `error`; where it `began` its work, a refusal counts as a failure."""
    state: State = "cancelled" if isinstance(error, Cancelled) else "failed"
    status = FAILED if error.exit_status == REFUSED and began else error.exit_status
    return Outcome(
        state=state,
        error=Note(code=error.code, text=error.message),
        next=error.next,
        exit_status=status,
        started=started,
        finished=now(),
    )


def raise_for(outcome: Outcome) -> None:
    """Raise the error that a refused or cancelled job ended with; done and failed jobs return."""
    if outcome.exit_status in (REFUSED, CANCELLED) and outcome.error is not None:
        kind = RequestError if outcome.exit_status == REFUSED else Cancelled
        raise kind(outcome.error.text, outcome.next, code=outcome.error.code)


def settle(folder: JobFolder, outcome: Outcome) -> None:
    """Write outcome.json, and give report.json the same state and a reason. Raises OSError (a full disk)."""
    with suppress(StorageError):  # a damaged request has no report to mend; a damaged report is shown as one
        job = folder.request()
        if isinstance(job.request, RunRequest) and outcome.exit_status != REFUSED:
            write_recipe(folder, job)
            _mend_report(folder, job, job.request, outcome)
    folder.write("outcome.json", outcome)


def write_recipe(folder: JobFolder, job: JobFile) -> None:
    """Write recipe.yaml of a run, as it was asked: also at its end, since its process may have changed the file.

    Raises OSError.
    """
    if isinstance(job.request, RunRequest):
        folder.write_text("recipe.yaml", dump_recipe(job.request.recipe))


def _mend_report(folder: JobFolder, job: JobFile, request: RunRequest, outcome: Outcome) -> None:
    report = folder.report()
    if report is None and outcome.state == "done":  # nothing can be said for it
        return
    report = report or Report(
        run_id=job.id,
        state="running",
        created=job.created,
        seconds=0.0,
        recipe=request.recipe,
        environment=environment(),
    )
    failures = report.failures
    if outcome.state == "failed" and outcome.error and not failures:
        failures = (
            Failure(
                branch=None,
                step=None,
                technique=None,
                code=outcome.error.code,
                message=outcome.error.text,
                next=outcome.next,
            ),
        )
    if report.state != outcome.state or failures != report.failures:
        changes = {"state": outcome.state, "failures": failures, "seconds": report.seconds or _seconds(outcome)}
        folder.write("report.json", report.model_copy(update=changes))


def _seconds(outcome: Outcome) -> float:
    started = datetime.fromisoformat(outcome.started or outcome.finished)
    return max(0.0, (datetime.fromisoformat(outcome.finished) - started).total_seconds())
