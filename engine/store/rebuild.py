"""The rows of the jobs table, rebuilt from the job folders."""

from collections.abc import Callable
from typing import Any

from engine.errors import StorageError
from engine.results import Note
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.store.home import Home
from engine.store.job_files import folder_bytes

SlotOf = Callable[[str], str]
"""From the kind of a job to its slot."""


def rows_from_folders(home: Home, slot_of: SlotOf) -> list[dict[str, Any]]:
    """One row a job folder, oldest first. A job that has no outcome is queued again; a folder whose request or outcome
    is damaged becomes a failed job that says so."""
    folders = (home.job(path.name) for path in home.jobs.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted((_row(folder, slot_of) for folder in folders), key=lambda row: str(row["created"]))


def new_row(job: JobFile, slot: str, **columns: object) -> dict[str, Any]:
    """The row of a job that has not been started."""
    return {
        "id": job.id,
        "kind": job.kind,
        "slot": slot,
        "name": job.name,
        "state": "queued",
        "created": job.created,
        "estimate_seconds": job.estimate_seconds,
        **columns,
    }


def end_columns(outcome: Outcome) -> dict[str, Any]:
    """An outcome as columns."""
    return {
        "state": outcome.state,
        "finished": outcome.finished,
        "error_code": without_nul(outcome.error.code) if outcome.error else None,
        "error_text": without_nul(outcome.error.text) if outcome.error else None,
        "error_next": without_nul(outcome.next),
    }


def without_nul(text: str) -> str:
    """The text without the one character that PostgreSQL stores in no text; jobs write what they like."""
    return text.replace("\0", "")


def _row(folder: JobFolder, slot_of: SlotOf) -> dict[str, Any]:
    try:
        job, outcome = folder.request(), folder.outcome()
    except StorageError as error:
        return _same_keys(_damaged_row(folder, error, slot_of))
    row = new_row(job, slot_of(job.request.kind))
    if outcome is None:
        return _same_keys(row)
    return _same_keys(
        row | {"started": outcome.started, "size_bytes": folder_bytes(folder.path)} | end_columns(outcome)
    )


def _damaged_row(folder: JobFolder, error: StorageError, slot_of: SlotOf) -> dict[str, Any]:
    outcome = Outcome(
        state="failed", error=Note(code=error.code, text=error.message), next=error.next, exit_status=1, finished=now()
    )
    return {
        "id": folder.path.name[:12],
        "kind": "run",
        "slot": slot_of("run"),
        "name": folder.path.name,
        "created": now(),
        **end_columns(outcome),
    }


def _same_keys(row: dict[str, Any]) -> dict[str, Any]:
    """The row with all columns; one INSERT of many rows needs the same columns in each."""
    empty = {
        "started": None,
        "finished": None,
        "estimate_seconds": None,
        "error_code": None,
        "error_text": None,
        "error_next": "",
        "size_bytes": 0,
    }
    return empty | row
