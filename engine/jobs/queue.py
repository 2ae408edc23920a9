"""The queue of a home: submit, list, cancel, rename, delete. Nothing here runs a job."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from sqlalchemy import Connection, RowMapping, case, func, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import NotFoundError, StateError, StorageError
from engine.jobs.kinds import kind_of, slot_of
from engine.jobs.remaining import remaining_seconds
from engine.jobs.supervisor_lock import supervisor_runs
from engine.results import Job, JobRef, Note, Result
from engine.settings import AnalysisRequest, JobRequest
from engine.store.database import JOBS, Database, open_database
from engine.store.endings import CANCELLED, settle, write_recipe
from engine.store.folders import JobFile, JobFolder, Outcome, now
from engine.store.home import Home
from engine.store.job_files import folder_bytes, remove
from engine.store.rebuild import end_columns, new_row, without_nul

ACTIVE = ("queued", "running")
MAX_NAME = 120


@dataclass(frozen=True)
class Queue:
    """The jobs of one home, as the database lists them and their folders describe them."""

    home: Home

    @classmethod
    def default(cls) -> "Queue":
        """The queue of the home that the environment names."""
        return cls(Home.default())

    @property
    def database(self) -> Database:
        return open_database(self.home, slot_of)

    def submit(
        self,
        request: JobRequest,
        *,
        name: str,
        token: str | None = None,
        key: str | None = None,
        estimate_seconds: float | None = None,
        upload: Path | None = None,
    ) -> Job:
        """Queue a job. A `token` (one click) or `key` (one analysis) that was used before gives the same job.

        The folder `upload` becomes the job's. Raises StorageError where the disk is nearly full or cannot be written.
        """
        if (existing := self._existing_job(token, key)) is not None:
            return existing
        self.home.prepare()
        self.home.require_free()
        job = JobFile(
            id=new_id(), kind=request.kind, name=name, created=now(), request=request, estimate_seconds=estimate_seconds
        )
        try:
            with self._adding(job.id) as connection:
                self._publish(job, upload)
                row = new_row(job, slot_of(request.kind), token=token, request_key=key)
                connection.execute(JOBS.insert().values(row))
        except IntegrityError:  # the same click arrived twice at the same time
            return self._existing_job(token, key) or self.job(job.id)
        return self.job(job.id)

    def keep(self, request: AnalysisRequest, result: Result, key: str | None) -> Job:
        """Record an analysis that has ended well in the foreground, so that its key finds the result.

        Raises StorageError where the disk is nearly full or cannot be written.
        """
        self.home.prepare()
        self.home.require_free()
        job = JobFile(id=new_id(), kind=request.kind, name=request.kind, created=now(), request=request)
        outcome, folder = Outcome(state="done", exit_status=0, finished=now()), self.home.job(job.id)
        try:
            with self._adding(job.id) as connection:
                self._publish(job, None)
                folder.write("result.json", result)
                folder.write("outcome.json", outcome)
                row = new_row(job, slot_of(job.kind), request_key=key) | end_columns(outcome)
                row |= {"fraction": 1.0, "size_bytes": folder_bytes(folder.path)}
                connection.execute(JOBS.insert().values(row))
        except OSError as error:
            raise _unwritable(error) from error
        return self.job(job.id)

    @contextmanager
    def _adding(self, id: str) -> Iterator[Connection]:
        """A transaction that adds a job, of which nothing is left where it fails.

        It begins before the job's folder is there: a table that is rebuilt by that has a row for every folder.
        """
        try:
            with self.database.write() as connection:
                yield connection
        except BaseException:
            self._discard(id)
            raise

    def job(self, id: str) -> Job:
        """The job of this id. Raises NotFoundError."""
        with self.database.read() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == id)).mappings().one_or_none()
            if row is None:
                raise NotFoundError(f"there is no job '{id}' here", "See the list of runs")
            line = _lines(connection).get(row["slot"], ())
        return self._job(row, line)

    def newest(self, key: str) -> Job | None:
        """The newest job of an analysis by its key, in whatever state."""
        with self.database.read() as connection:
            query = select(JOBS.c.id).where(JOBS.c.request_key == key).order_by(JOBS.c.number.desc()).limit(1)
            id = connection.execute(query).scalar_one_or_none()
        return self.job(id) if id is not None else None

    def jobs(self, kind: str | None = "run", limit: int = 100) -> tuple[Job, ...]:
        """The jobs of a kind, newest first; of every kind where `kind` is None."""
        query = select(JOBS).order_by(JOBS.c.number.desc()).limit(limit)
        if kind is not None:
            query = query.where(JOBS.c.kind == kind)
        with self.database.read() as connection:
            rows = connection.execute(query).mappings().all()
            lines = _lines(connection)
        return tuple(self._job(row, lines.get(row["slot"], ())) for row in rows)

    def folder(self, id: str) -> JobFolder:
        """The folder of a job that exists. Raises NotFoundError."""
        return self.home.job(self.job(id).id)

    def result(self, id: str) -> Result | None:
        """The result of an analysis, None where there is none (yet).

        Raises NotFoundError, and StorageError where the result is damaged.
        """
        folder = self.folder(id)
        return folder.result(kind_of(folder.request().request).result)

    def cancel(self, id: str) -> None:
        """End a queued job at once, a running one within two seconds; one that has ended stays as it is."""
        is_this_job = JOBS.c.id == self.job(id).id
        with self.database.write() as connection:
            cancelled_row = connection.execute(
                update(JOBS)
                .where(is_this_job, JOBS.c.state == "queued")
                .values(end_columns(cancelled_outcome()))
                .returning(JOBS.c.id)
            ).one_or_none()
            connection.execute(update(JOBS).where(is_this_job, JOBS.c.state == "running").values(cancel=True))
        if cancelled_row is not None:
            _settle(self.home.job(id), cancelled_outcome())
        elif not supervisor_runs(self.home):  # its runner died with the supervisor, so nobody else records the end
            self.finish(id, cancelled_outcome())

    def finish(self, id: str, outcome: Outcome) -> None:
        """Record how a running job ended, in its folder and in the database; any other job stays as it is."""
        folder = self.home.job(id)
        is_this_running_job = JOBS.c.id == id, JOBS.c.state == "running"
        with self.database.read() as connection:
            running = connection.execute(select(JOBS.c.id).where(*is_this_running_job)).one_or_none() is not None
        if running:
            _settle(folder, outcome)
        last = folder.last_event()
        progress: dict[str, object] = {}
        if last is not None:
            progress = {
                "phase": without_nul(last.phase),
                "fraction": last.fraction,
                "message": without_nul(last.message),
            }
        if outcome.state == "done":
            progress["fraction"] = 1.0
        values = end_columns(outcome) | progress | {"size_bytes": folder_bytes(folder.path), "owner": None}
        with self.database.write() as connection:
            connection.execute(update(JOBS).where(*is_this_running_job).values(values))

    def rename(self, id: str, name: str) -> Job:
        """The job with its new name. Raises NotFoundError, and StateError for an empty or overlong name."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME:
            raise StateError(f"a name has 1 to {MAX_NAME} characters, this one has {len(name)}", "Choose another name")
        folder = self.folder(id)
        try:
            folder.write_request(folder.request().model_copy(update={"name": name}))
        except OSError as error:
            raise _unwritable(error) from error
        with self.database.write() as connection:
            connection.execute(update(JOBS).where(JOBS.c.id == id).values(name=name))
        return self.job(id)

    def delete(self, id: str) -> None:
        """Remove a job and its folder. Raises NotFoundError, and StateError while it runs or waits."""
        job = self.job(id)
        if job.state in ACTIVE:
            raise StateError(f"the job '{job.name}' is {job.state}", "Cancel it first")
        with self.database.write() as connection:
            connection.execute(JOBS.delete().where(JOBS.c.id == id, JOBS.c.state.not_in(ACTIVE)))
        trash = self.home.jobs / f".removing-{id}"
        if (path := self.home.job(id).path).exists():
            path.rename(trash)  # out of sight at once: a download finds the whole file or none
            remove(trash)
        self._discard(id)

    def jobs_bytes(self) -> int:
        """Bytes of all job folders; those of ended jobs were counted when they ended."""
        total = func.coalesce(func.sum(case((JOBS.c.state.not_in(ACTIVE), JOBS.c.size_bytes), else_=0)), 0)
        with self.database.read() as connection:
            ended_bytes = int(connection.execute(select(total)).scalar_one())
        return ended_bytes + sum(folder_bytes(self.home.job(id).path) for id in self.active_ids())

    def active_ids(self) -> tuple[str, ...]:
        """The ids of the jobs that wait or run."""
        with self.database.read() as connection:
            return tuple(connection.execute(select(JOBS.c.id).where(JOBS.c.state.in_(ACTIVE))).scalars())

    def _existing_job(self, token: str | None, key: str | None) -> Job | None:
        by_key = (JOBS.c.request_key == key) & JOBS.c.state.in_((*ACTIVE, "done"))
        conditions = [JOBS.c.token == token] * (token is not None) + [by_key] * (key is not None)
        for condition in conditions:
            with self.database.read() as connection:
                query = select(JOBS.c.id).where(condition).order_by(JOBS.c.number.desc()).limit(1)
                id = connection.execute(query).scalar_one_or_none()
            if id is not None:
                return self.job(id)
        return None

    def _publish(self, job: JobFile, upload: Path | None) -> None:
        """Write the folder under a hidden name and rename it to its final one."""
        folder = self.home.job(job.id)
        staging = replace(folder, path=self.home.jobs / f".new-{job.id}")
        try:
            describe_folder(staging, job)
            if upload is not None:
                upload.rename(staging.upload)
            staging.path.rename(folder.path)
        except OSError as error:
            shutil.rmtree(staging.path, ignore_errors=True)
            raise _unwritable(error) from error

    def _discard(self, id: str) -> None:
        remove(self.home.job(id).path)
        (self.home.requests / f"{id}.json").unlink(missing_ok=True)

    def _job(self, row: RowMapping, line: Sequence[JobRef]) -> Job:
        """The job of a row; `line` are the active jobs of its slot."""
        queued, running = row["state"] == "queued", row["state"] == "running"
        event = self.home.job(row["id"]).last_event() if running else None
        fraction = event.fraction if event else row["fraction"]
        seconds = _seconds(row["started"], row["finished"])
        ahead = tuple(takewhile(lambda ref: ref.id != row["id"], line)) if queued else ()
        return Job(
            id=row["id"],
            kind=row["kind"],
            name=row["name"],
            state=row["state"],
            created=row["created"],
            started=row["started"],
            finished=row["finished"],
            seconds=seconds,
            phase=event.phase if event else row["phase"],
            fraction=fraction,
            message=event.message if event else row["message"],
            attempts=row["attempts"],
            position=1 + sum(ref.state == "queued" for ref in ahead) if queued else None,
            estimate_seconds=row["estimate_seconds"],
            error=Note(code=row["error_code"], text=row["error_text"]) if row["error_code"] else None,
            error_next=row["error_next"],
            remaining_seconds=remaining_seconds(fraction, seconds, row["estimate_seconds"]) if running else None,
            waits_for=ahead,
        )


def new_id() -> str:
    """A random id of 12 hexadecimal digits."""
    return uuid.uuid4().hex[:12]


def describe_folder(folder: JobFolder, job: JobFile) -> None:
    """Write the request, and make the folder, with recipe.yaml for a run. Raises OSError."""
    folder.write_request(job)
    folder.path.mkdir(parents=True, exist_ok=True)
    write_recipe(folder, job)


def cancelled_outcome() -> Outcome:
    """The outcome of a job that was cancelled before or while it ran."""
    return Outcome(
        state="cancelled",
        error=Note(code="cancelled", text="the job was cancelled"),
        next="Run it again when you like",
        exit_status=CANCELLED,
        finished=now(),
    )


def _settle(folder: JobFolder, outcome: Outcome) -> None:
    """Write the outcome into the folder; where that fails (removed, full disk), only the database has it."""
    with suppress(OSError, StorageError):
        settle(folder, outcome)


def _unwritable(error: OSError) -> StorageError:
    return StorageError(
        f"the job cannot be written: {error.strerror or error}", "Free the cache, or delete old runs and uploads"
    )


def _lines(connection: Connection) -> dict[str, list[JobRef]]:
    """The active jobs by slot: the running ones, then the queued ones in order."""
    running_first = case((JOBS.c.state == "running", 0), else_=1)
    active = select(JOBS.c.id, JOBS.c.name, JOBS.c.state, JOBS.c.slot).where(JOBS.c.state.in_(ACTIVE))
    lines: dict[str, list[JobRef]] = {}
    for row in connection.execute(active.order_by(running_first, JOBS.c.number)):
        lines.setdefault(row.slot, []).append(JobRef(id=row.id, name=row.name, state=row.state))
    return lines


def _seconds(started: str | None, finished: str | None) -> float:
    if started is None:
        return 0.0
    end = datetime.fromisoformat(finished) if finished else datetime.now(UTC)
    return max(0.0, (end - datetime.fromisoformat(started)).total_seconds())
