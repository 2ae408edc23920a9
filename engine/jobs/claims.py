"""The claims of a supervisor on jobs, in the database: claim, renew, release, recover."""

import socket
import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from engine.errors import RunError, StorageError
from engine.jobs.processes import sweep
from engine.jobs.queue import Queue, cancelled_outcome
from engine.store.database import JOBS
from engine.store.endings import error_outcome
from engine.store.folders import now
from engine.store.home import Home

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 2  # a job whose supervisor was lost runs once more


@dataclass(frozen=True)
class Claims:
    """The claims of one supervisor; `owner` is its name, host/suffix."""

    queue: Queue
    owner: str

    @property
    def home(self) -> Home:
        return self.queue.home

    def claim(self, slot: str, running_ids: Collection[str] = ()) -> str | None:
        """Claim the job of a slot that has waited longest; its id, or None. No two supervisors get the same one."""
        waiting = select(JOBS.c.id).where(JOBS.c.state == "queued", JOBS.c.slot == slot, JOBS.c.id.not_in(running_ids))
        first = waiting.order_by(JOBS.c.number).limit(1).with_for_update(skip_locked=True).scalar_subquery()
        claim = (
            update(JOBS)
            .where(JOBS.c.id == first, JOBS.c.state == "queued")
            .values(state="running", started=now(), attempts=JOBS.c.attempts + 1, cancel=False, **self._lease())
        )
        with self.queue.database.write() as connection:
            return connection.execute(claim.returning(JOBS.c.id)).scalar_one_or_none()

    def waiting(self) -> tuple[str, ...]:
        """The slots in which a job waits."""
        with self.queue.database.read() as connection:
            return tuple(connection.execute(select(JOBS.c.slot).where(JOBS.c.state == "queued").distinct()).scalars())

    def to_cancel(self) -> tuple[str, ...]:
        """The jobs of this supervisor that are to be cancelled."""
        query = select(JOBS.c.id).where(JOBS.c.owner == self.owner, JOBS.c.state == "running", JOBS.c.cancel)
        with self.queue.database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def renew(self, id: str) -> bool:
        """Prolong the lease of a job, also of a row that was rebuilt from its folder. False where the job is gone."""
        statement = update(JOBS).where(JOBS.c.id == id, JOBS.c.state.in_(("queued", "running")))
        with self.queue.database.write() as connection:
            values = {"state": "running", **self._lease()}
            row = connection.execute(statement.values(values).returning(JOBS.c.started)).one_or_none()
            if row is not None and row.started is None:
                connection.execute(update(JOBS).where(JOBS.c.id == id).values(started=now(), attempts=1))
        return row is not None

    def release(self, id: str) -> None:
        """Queue a job again that this supervisor did not finish because it was stopped; the attempt does not count."""
        self.home.job(id).reset()
        with self.queue.database.write() as connection:
            connection.execute(
                update(JOBS)
                .where(JOBS.c.id == id, JOBS.c.owner == self.owner)
                .values(state="queued", owner=None, lease=None, started=None, attempts=JOBS.c.attempts - 1)
            )

    def recover(self) -> None:
        """Queue the jobs of lost supervisors again, once; nothing of the first attempt stays.

        Any other supervisor of this host is lost, since this one has the home's lock; one of another host is lost when
        its lease has run out.
        """
        host = self.owner.split("/")[0]
        query = select(JOBS.c.id, JOBS.c.attempts, JOBS.c.cancel, JOBS.c.started).where(
            JOBS.c.state == "running",
            JOBS.c.owner != self.owner,
            or_(JOBS.c.owner.startswith(f"{host}/", autoescape=True), JOBS.c.lease < time.time()),
        )
        with self.queue.database.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            sweep(row.id)
            if row.cancel:
                self.queue.finish(row.id, cancelled_outcome())
            elif row.attempts >= MAX_ATTEMPTS:
                self.queue.finish(row.id, error_outcome(_lost_error(), row.started, began=True))
            else:
                self._requeue(row.id)

    def _requeue(self, id: str) -> None:
        try:
            outcome = self.home.job(id).outcome()
        except StorageError:
            outcome = None
        if outcome is not None:  # it had ended, only the list did not know yet
            self.queue.finish(id, outcome)
            return
        self.home.job(id).reset()
        with self.queue.database.write() as connection:
            connection.execute(
                update(JOBS)
                .where(JOBS.c.id == id, JOBS.c.state == "running")
                .values(state="queued", owner=None, lease=None, started=None)
            )

    def _lease(self) -> dict[str, object]:
        return {"owner": self.owner, "lease": time.time() + LEASE_SECONDS}


def new_owner(name: str) -> str:
    """A name for a supervisor of this host."""
    return f"{socket.gethostname()}/{name}"


def _lost_error() -> RunError:
    return RunError(
        "the supervisor was lost twice while the job ran", "Look into the log, then run it again", code="lost"
    )
