import shutil
import sqlite3
import sys

import pytest
from sqlalchemy import select

from engine.errors import StorageError
from engine.jobs.kinds import slot_of
from engine.settings import RunRequest
from engine.store.database import JOBS, Database
from engine.store.folders import JobFile, Outcome, now
from engine.store.home import Home
from engine.store.rebuild import new_row


def keep(home: Home, recipe, id: str, outcome: Outcome | None = None) -> JobFile:
    """A job's folder, as submitting writes it."""
    job = JobFile(id=id, kind="run", name=id, created=now(), request=RunRequest(recipe=recipe))
    home.job(id).path.mkdir(parents=True)
    home.job(id).write_request(job)
    if outcome:
        home.job(id).write("outcome.json", outcome)
    return job


def states(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.id: row.state for row in connection.execute(select(JOBS.c.id, JOBS.c.state))}


def done() -> Outcome:
    return Outcome(state="done", exit_status=0, started=now(), finished=now())


@pytest.mark.parametrize(
    "url", ["mysql://user:secret@host/db", "sqlite://", "sqlite:///:memory:", "nonsense", "sqlite+aiosqlite:///x.db"]
)
def test_other_databases_are_refused_without_telling_the_password(home, monkeypatch, url):
    monkeypatch.setenv("FEATHERWEIGHT_DATABASE_URL", url)
    with pytest.raises(StorageError) as caught:
        Database(home, slot_of)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://user:secret@host/db", "postgres://user:secret@host/db"])
def test_postgresql_without_its_driver_is_refused_with_what_to_install(home, monkeypatch, url):
    monkeypatch.setenv("FEATHERWEIGHT_DATABASE_URL", url)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match="driver psycopg is not installed") as caught:
        Database(home, slot_of)
    assert "psycopg[binary]" in caught.value.next
    assert caught.value.exit_status == 2
    assert "secret" not in str(caught.value)


def test_postgresql_with_its_driver_is_taken_without_connecting(home, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_DATABASE_URL", "postgresql://user@host/db")
    Database(home, slot_of)


def test_the_file_is_in_wal_mode_and_in_the_home(home):
    with Database(home, slot_of).write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert (home.path / "featherweight.db").exists()


def test_a_writer_holds_the_lock_from_its_start_and_readers_go_on(home, recipe):
    database, other = Database(home, slot_of), Database(home, slot_of, patience_seconds=0.01)
    keep(home, recipe, "a" * 12)
    with database.write():
        assert states(other) == {"a" * 12: "queued"}
        with pytest.raises(StorageError, match="is locked by another process"), other.write():
            pass


def test_a_lost_update_cannot_happen(home):
    """Read, then write, from two connections: the second waits, and reads what the first wrote."""
    database = Database(home, slot_of)
    with database.write() as connection:
        assert connection.in_transaction()
        raw = sqlite3.connect(home.path / "featherweight.db", timeout=0.01)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            raw.execute("BEGIN IMMEDIATE")
        raw.close()


def test_a_lost_database_is_made_again_from_the_folders(home, recipe):
    for id, outcome in [("a" * 12, done()), ("b" * 12, None)]:
        keep(home, recipe, id, outcome)
    database = Database(home, slot_of)
    assert states(database) == {"a" * 12: "done", "b" * 12: "queued"}
    for file in home.path.glob("featherweight.db*"):
        file.unlink()
    assert states(database) == {"a" * 12: "done", "b" * 12: "queued"}  # under a process that has it open


def test_a_replaced_file_is_noticed(home, recipe, tmp_path):
    database = Database(home, slot_of)
    assert states(database) == {}
    other = Home(tmp_path / "other")
    other.prepare()
    job = keep(other, recipe, "c" * 12)
    replacement = Database(other, slot_of)
    assert states(replacement) == {job.id: "queued"}
    replacement._engine.dispose()
    for file in home.path.glob("featherweight.db*"):
        file.unlink()
    shutil.copy(other.path / "featherweight.db", home.path)
    assert states(database) == {"c" * 12: "queued"}


def test_a_damaged_description_is_a_failed_job_and_harms_no_other(home, recipe):
    keep(home, recipe, "a" * 12, done())
    (home.job("b" * 12).path).mkdir()
    home.job("b" * 12).request_file.write_text("{")
    database = Database(home, slot_of)
    assert states(database) == {"a" * 12: "done", "b" * 12: "failed"}
    with database.read() as connection:
        row = connection.execute(select(JOBS).where(JOBS.c.id == "b" * 12)).one()
    assert row.error_code == "damaged"
    assert f"{'b' * 12}.json" in row.error_text


def test_a_damaged_database_is_a_sentence(home):
    (home.path / "featherweight.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StorageError, match="is damaged") as caught, Database(home, slot_of).read():
        pass
    assert "job folders" in caught.value.next


def test_a_read_only_database_is_a_sentence(home, recipe):
    database = Database(home, slot_of)
    row = new_row(keep(home, recipe, "a" * 12), "run")
    with database.write() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # root may write any file
    with pytest.raises(StorageError, match="cannot be written"), database.write() as connection:
        connection.execute(JOBS.insert().values(row))


def test_a_home_that_is_a_file_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("FEATHERWEIGHT_DATABASE_URL", raising=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"), Database(Home(tmp_path / "file"), slot_of).read():
        pass
