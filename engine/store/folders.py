"""The folder of a job: it describes the job completely, and every file in it is whole or absent.

job.json        what was asked (JobFile)          outcome.json    how it ended (Outcome)
recipe.yaml     the same as a recipe (runs)       report.json     the result of a run, summary.json its answer
events.jsonl    what happened, line by line       result.json     the result of any other kind of job
log.txt         the runner's stderr               variants/<id>/  work/ (the runner's own, removed at the end)
upload/         the files that an import looks into
"""

import os
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import NotFoundError, StorageError
from engine.results import Event, Note, Report, Result, RunSummary, State, summarize
from engine.settings import JobRequest
from engine.system.machine import own_version

LAST_EVENT_BYTES = 65_536
ROOM, ROOM_BYTES = ".room", 500_000  # a report, an outcome and a row of the database fit in
M = TypeVar("M", bound=BaseModel)


class JobFile(Result):
    """job.json: the request, its time, and the estimate of its duration."""

    id: str
    kind: str
    name: str
    created: str
    request: JobRequest
    estimate_seconds: float | None = None


class Outcome(Result):
    """outcome.json: how the job ended. `exit_status` is the command line's for the same end."""

    state: State
    error: Note | None = None
    next: str = ""
    exit_status: int
    started: str | None = None
    finished: str


class StoredSummary(Result):
    """summary.json: the summary of a run, and the version that made it, since another may summarize otherwise."""

    version: str
    summary: RunSummary


@dataclass(frozen=True)
class JobFolder:
    """Reads and writes the files of one job."""

    path: Path

    @property
    def work(self) -> Path:
        """The runner's private working directory."""
        return self.path / "work"

    @property
    def variants(self) -> Path:
        return self.path / "variants"

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
        path = (self.path / name).resolve()
        if not path.is_relative_to(self.path.resolve()) or not path.is_file():
            raise NotFoundError(f"the job has no file '{name}'", "Wait until it is done, or run it again")
        return path

    def write(self, name: str, value: BaseModel) -> None:
        """Write a settings or result object as JSON, atomically. Raises OSError (a full disk, for one)."""
        write_atomically(self.path / name, value.model_dump_json(indent=1, by_alias=True) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, atomically. Raises OSError."""
        write_atomically(self.path / name, text)

    def read(self, name: str, kind: type[M]) -> M | None:
        """The object in a file, or None where there is no such file. Raises StorageError where it is damaged."""
        path = self.path / name
        try:
            return kind.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValidationError as error:
            raise StorageError(
                f"'{path}' is damaged and cannot be read", "Delete this job and submit it again", code="damaged"
            ) from error
        except OSError as error:
            raise StorageError(f"'{path}' cannot be read: {error.strerror}", "Check the disk") from error

    def request(self) -> JobFile:
        """The content of job.json. Raises StorageError where it is missing or damaged."""
        job = self.read("job.json", JobFile)
        if job is None:
            raise StorageError(
                f"'{self.path / 'job.json'}' is missing", "Delete this job and submit it again", code="damaged"
            )
        return job

    def outcome(self) -> Outcome | None:
        return self.read("outcome.json", Outcome)

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
        try:
            lines = self._events.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return ()
        return tuple(event for line in lines[after:] if (event := _event(line)))

    def last_event(self) -> Event | None:
        """The newest event, read from the end of the file."""
        lines = last_lines(self._events, LAST_EVENT_BYTES)
        return _event(lines[-1]) if lines else None

    def log_text(self, n_bytes: int = 200_000) -> str:
        """The end of the runner's log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - n_bytes))
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

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
            "report.html",
        ):
            (self.path / name).unlink(missing_ok=True)
        for folder in (self.variants, self.work):
            shutil.rmtree(folder, ignore_errors=True)


def append_line(path: Path, value: BaseModel) -> None:
    """Add an object as one line of JSON; one write, so that lines of several writers never mix. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        file.write(value.model_dump_json().encode() + b"\n")


def last_lines(path: Path, n_bytes: int) -> list[bytes]:
    """The lines in the last `n_bytes` of a file, without an unfinished last one; empty where there is no file.

    The first may lack its beginning.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - n_bytes))
            return file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


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


def _event(line: bytes) -> Event | None:
    try:
        return Event.model_validate_json(line)
    except ValidationError:  # a line cut short by a full disk
        return None
