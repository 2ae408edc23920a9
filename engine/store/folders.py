"""The folder of a job, whose files are whole or absent, and the request of the job, which lies elsewhere.

recipe.yaml     what was asked, as a recipe       outcome.json    how it ended (Outcome)
events.jsonl    what happened, line by line       report.json     the result of a run, summary.json its answer
log.txt         the runner's stderr               result.json     the result of any other kind of job
upload/         what an import looks into         variants/<id>/  work/ (the runner's own, removed at the end)

The job's process writes the folder, and whatever took it over by a hostile file: what is read here is not believed.
What the process may do follows from the request (JobFile), which therefore is no file of the folder.
"""

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError, field_validator

from engine.errors import NotFoundError, StorageError
from engine.results import Event, Note, Report, Result, RunSummary, summarize
from engine.settings import JobRequest
from engine.store.job_files import read_end, read_start, read_whole, remove
from engine.system.machine import own_version

LAST_EVENT_BYTES = 65_536
EVENTS_BYTES = 20_000_000
"""So much of events.jsonl is read: some 100,000 events, a hundred times what a long run writes."""
MAX_JSON_BYTES, MAX_OUTCOME_BYTES = 100_000_000, 100_000
REPORT_PAGE = "report.html"
"""What the command line leaves beside report.json, to be handed over."""
ROOM, ROOM_BYTES = ".room", 500_000  # a report, an outcome and a row of the database fit in
M = TypeVar("M", bound=BaseModel)


class JobFile(Result):
    """The request, its time, and the estimate of its duration."""

    id: str
    kind: str
    name: str
    created: str
    request: JobRequest
    estimate_seconds: float | None = None


class Outcome(Result):
    """outcome.json: how the job ended. `exit_status` is the command line's for the same end."""

    state: Literal["done", "failed", "cancelled"]
    error: Note | None = None
    next: str = ""
    exit_status: int
    started: str | None = None
    finished: str

    @field_validator("started", "finished")
    @classmethod
    def _is_time(cls, value: str | None) -> str | None:
        """Raises ValueError where seconds between two such times could not be counted."""
        if value is not None:
            _check_time(value)
        return value


class StoredSummary(Result):
    """summary.json: the summary of a run, and the version that made it, since another may summarize otherwise."""

    version: str
    summary: RunSummary


@dataclass(frozen=True)
class JobFolder:
    """Reads and writes the files of one job."""

    path: Path
    request_file: Path | None = None
    """Where the request lies, which the job's process reads only. None where nobody asks for it."""

    @property
    def work(self) -> Path:
        """The runner's private working directory."""
        return self.path / "work"

    @property
    def variants(self) -> Path:
        return self.path / "variants"

    @property
    def examples(self) -> Path:
        """The pictures of a run's example images."""
        return self.path / "examples"

    @property
    def upload(self) -> Path:
        """The uploaded files that an import looks into."""
        return self.path / "upload"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def _events(self) -> Path:
        return self.path / "events.jsonl"

    def file(self, name: str) -> Path:
        """A file inside this folder. Raises NotFoundError where it is not there or not inside."""
        with suppress(OSError, RuntimeError, ValueError):  # a loop of links, a name that is none
            path = (self.path / name).resolve()
            if path.is_relative_to(self.path.resolve()) and path.is_file():
                return path
        raise NotFoundError(f"the job has no file '{name}'", "Wait until it is done, or run it again")

    def write(self, name: str, value: BaseModel) -> None:
        """Write a settings or result object as JSON, atomically. Raises OSError (a full disk, for one)."""
        self.write_text(name, _json(value))

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, atomically; a folder of its name is removed. Raises OSError."""
        path = self.path / name
        try:
            write_atomically(path, text)
        except IsADirectoryError:
            remove(path)
            write_atomically(path, text)

    def read(self, name: str, kind: type[M], max_bytes: int = MAX_JSON_BYTES) -> M | None:
        """The object in a file, or None where there is no such file. Raises StorageError where it is damaged."""
        return _read(self.path / name, kind, max_bytes)

    def request(self) -> JobFile:
        """What was asked. Raises StorageError where it is missing or damaged."""
        job = _read(self.request_file, JobFile, MAX_JSON_BYTES) if self.request_file is not None else None
        if job is None:
            raise StorageError(
                f"the request '{self.request_file or self.path}' is missing",
                "Delete this job and submit it again",
                code="damaged",
            )
        return job

    def write_request(self, job: JobFile) -> None:
        """Write what is asked, beside the folder. Raises OSError."""
        if self.request_file is None:
            raise ValueError(f"the folder '{self.path}' has no place for a request")
        write_atomically(self.request_file, _json(job))

    def outcome(self) -> Outcome | None:
        """How the job says that it ended, None before. Raises StorageError where it is damaged."""
        return self.read("outcome.json", Outcome, MAX_OUTCOME_BYTES)

    def report(self) -> Report | None:
        return self.read("report.json", Report)

    def summary(self) -> RunSummary | None:
        """The summary of a run, None before its first report. Raises StorageError where the report is damaged.

        It is stored beside the report, and made again where the report is newer, or the stored one is damaged or by
        another version.
        """
        stored = self._stored_summary()
        if stored is not None and stored.version == own_version():
            return stored.summary
        report = self.report()
        if report is None:
            return None
        summary = summarize(report)
        if summary.state not in ("queued", "running"):
            with suppress(OSError):  # a full disk: it is made again the next time
                self.write("summary.json", StoredSummary(version=own_version(), summary=summary))
        return summary

    def _stored_summary(self) -> StoredSummary | None:
        """The summary beside the report, None where it is missing, damaged or older than the report."""
        path, report = self.path / "summary.json", self.path / "report.json"
        with suppress(FileNotFoundError, StorageError):
            if path.stat().st_mtime_ns >= report.stat().st_mtime_ns:
                return self.read("summary.json", StoredSummary)
        return None

    def result(self, kind: type[M]) -> M | None:
        """The result of an analysis, or None where there is none (yet). Raises StorageError where it is damaged."""
        return self.read("result.json", kind)

    def append_event(self, event: Event) -> None:
        """Add one line to events.jsonl."""
        append_line(self._events, event)

    def events(self, after: int = 0) -> tuple[Event, ...]:
        """The events from number `after` on, the first being 0. Lines that are not whole yet are left out."""
        lines = read_start(self._events, EVENTS_BYTES).split(b"\n")[:-1]
        return tuple(event for line in lines[after:] if (event := _event(line)))

    def last_event(self) -> Event | None:
        """The newest event, read from the end of the file."""
        lines = last_lines(self._events, LAST_EVENT_BYTES)
        return _event(lines[-1]) if lines else None

    def log_text(self, n_bytes: int = 200_000) -> str:
        """The end of the runner's log."""
        return read_end(self.log, n_bytes).decode(errors="replace")

    def begin(self) -> None:
        """Make the working directory, with a file that reserves some disk space. Raises OSError."""
        self.work.mkdir(exist_ok=True)
        (self.work / ROOM).write_bytes(os.urandom(ROOM_BYTES))

    def make_room(self) -> None:
        """Free the reserved disk space, so that a job that filled the disk can still write its outcome."""
        (self.work / ROOM).unlink(missing_ok=True)

    def reset(self) -> None:
        """Remove everything that an attempt has left; only the request stays, so that a rerun starts over."""
        for name in (
            "outcome.json",
            "report.json",
            "summary.json",
            "result.json",
            "events.jsonl",
            "log.txt",
            REPORT_PAGE,
        ):
            remove(self.path / name)
        for folder in (self.variants, self.examples, self.work):
            remove(folder)


def append_line(path: Path, value: BaseModel) -> None:
    """Add an object as one line of JSON; one write, so that lines of several writers never mix. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        file.write(value.model_dump_json().encode() + b"\n")


def last_lines(path: Path, n_bytes: int) -> list[bytes]:
    """The lines in the last `n_bytes` of a file, without an unfinished last one; empty where there is no file.

    The first may lack its beginning.
    """
    return read_end(path, n_bytes).split(b"\n")[:-1]


def write_atomically(path: Path, text: str) -> None:
    """Write the whole file or leave the old one: temporary file, fsync, replace. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def now() -> str:
    """The time as ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(value: BaseModel) -> str:
    return value.model_dump_json(indent=1, by_alias=True) + "\n"


def _read(path: Path, kind: type[M], max_bytes: int) -> M | None:
    """The object in a file, or None where there is none. Raises StorageError where it is damaged."""
    try:
        content = read_whole(path, max_bytes)
        return kind.model_validate_json(content) if content is not None else None
    except ValidationError as error:
        raise StorageError(
            f"'{path}' is damaged and cannot be read", "Delete this job and submit it again", code="damaged"
        ) from error
    except OSError as error:
        raise StorageError(f"'{path}' cannot be read: {error.strerror}", "Check the disk") from error


def _event(line: bytes) -> Event | None:
    try:
        event = Event.model_validate_json(line)
        _check_time(event.time)
    except ValueError:  # a line cut short by a full disk, or written by something else than a runner
        return None
    return event if 0 <= event.fraction <= 1 else None


def _check_time(text: str) -> None:
    """Raises ValueError where this is no time with its zone, as `now` writes it."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"'{text}' has no time zone")
