"""The list of jobs, in SQLite (a file in the home) or PostgreSQL. One database serves one home.

The job folders are authoritative: a missing table is rebuilt from them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError

from engine.errors import StorageError
from engine.store.home import Home
from engine.store.rebuild import SlotOf, rows_from_folders

PATIENCE_SECONDS = 5.0  # how long a writer waits for another before it says so

METADATA = MetaData()
JOBS = Table(
    "jobs",
    METADATA,
    Column("number", Integer, primary_key=True),  # the order of arrival, whatever the clock does
    Column("id", String(12), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("slot", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("token", String(200), unique=True),
    Column("request_key", String(64), index=True),
    Column("created", String(32), nullable=False),
    Column("started", String(32)),
    Column("finished", String(32)),
    Column("cancel", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("owner", String(200)),
    Column("lease", Float),
    Column("phase", Text, nullable=False, default=""),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("message", Text, nullable=False, default=""),
    Column("estimate_seconds", Float),
    Column("error_code", String(40)),
    Column("error_text", Text),
    Column("error_next", Text, nullable=False, default=""),
    Column("size_bytes", BigInteger, nullable=False, default=0),
)


class Database:
    """Short transactions on the jobs table. Every failure of the database is a StorageError with a sentence.

    `slot_of` gives the slot of a kind of job, for rows that are rebuilt from their folders.
    """

    def __init__(self, home: Home, slot_of: SlotOf, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._home, self._slot_of = home, slot_of
        self._url = _parse_url(home.database_url)
        self._engine = _create_engine(self._url, patience_seconds)
        self._created = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it waits for nobody."""
        with self._guard():
            self._ensure_table()
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it holds the write lock from its start (BEGIN IMMEDIATE)."""
        with self._guard():
            self._ensure_table()
            with self._writing() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def _ensure_table(self) -> None:
        """Create the table where it is missing, also where the file was removed while the process runs."""
        if self._created and (self._file is None or self._file.exists()):
            return
        self._home.prepare()
        with self._engine.connect() as connection:
            self._created = inspect(connection).has_table(JOBS.name)
        if not self._created:
            with self._writing() as connection:
                self._create(connection)
            self._created = True

    def _create(self, connection: Connection) -> None:
        if inspect(connection).has_table(JOBS.name):  # another process was faster
            return
        METADATA.create_all(connection)
        rows = rows_from_folders(self._home, self._slot_of)
        if rows:
            connection.execute(JOBS.insert(), rows)

    @property
    def _file(self) -> Path | None:
        return _file(self._url)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise _storage_error(self._url, str(error.orig).strip()) from error


@lru_cache(maxsize=8)
def _cached_database(home: Home, slot_of: SlotOf, url: str) -> Database:
    del url  # part of the key: a changed FEATHERWEIGHT_DATABASE_URL is another database
    return Database(home, slot_of)


def open_database(home: Home, slot_of: SlotOf) -> Database:
    """The home's database, one connection pool a process. Raises StorageError where the URL is not allowed."""
    return _cached_database(home, slot_of, home.database_url)


def _parse_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StorageError(
            "FEATHERWEIGHT_DATABASE_URL is not a database URL",
            "Unset it, or set it to sqlite:///FILE or postgresql://...",
        ) from error
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    url_text = url.render_as_string(hide_password=True)
    raise StorageError(
        f"the database '{url_text}' is not supported, only an SQLite file and PostgreSQL are",
        "Unset FEATHERWEIGHT_DATABASE_URL, or set it to sqlite:///FILE or postgresql://...",
    )


def _file(url: URL) -> Path | None:
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def _create_engine(url: URL, patience_seconds: float) -> Engine:
    file = _file(url)
    if file is None:
        return _postgres(url, patience_seconds)
    engine = create_engine(url, connect_args={"timeout": patience_seconds})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver would begin by itself, too late and without the lock
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        record.info["inode"] = file.stat().st_ino

    @event.listens_for(engine, "checkout")
    def same_file(connection: Any, record: Any, proxy: Any) -> None:
        if not file.exists() or file.stat().st_ino != record.info["inode"]:
            raise DisconnectionError("the database file was replaced")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL, patience_seconds: float) -> Engine:
    """An engine for PostgreSQL. Raises StorageError where its driver, an extra, cannot be imported."""
    options = f"-c lock_timeout={int(patience_seconds * 1000)}"
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 5, "options": options})
    except ImportError as error:
        raise StorageError(
            "the database is PostgreSQL, and its driver psycopg is not installed",
            "Run pip install 'psycopg[binary]', or unset FEATHERWEIGHT_DATABASE_URL",
        ) from error


def _storage_error(url: URL, reason: str) -> StorageError:
    where = f"the database '{os.fspath(file)}'" if (file := _file(url)) else "the PostgreSQL database"
    explanations = {
        "locked": ("is locked by another process", "Try again; if it lasts, end the process that holds it"),
        "readonly": ("cannot be written", "Make the home folder writable, or set FEATHERWEIGHT_HOME to another"),
        "unable to open": ("cannot be opened", "Make the home folder writable, or set FEATHERWEIGHT_HOME to another"),
        "disk is full": ("has no room left on its disk", "Free the cache, or delete old runs and uploads"),
        "not a database": ("is damaged", "Move the file away: the list is made again from the job folders"),
        "malformed": ("is damaged", "Move the file away: the list is made again from the job folders"),
    }
    for pattern, (problem, next) in explanations.items():
        if pattern in reason:
            return StorageError(f"{where} {problem}", next, code="disk_full" if "full" in pattern else None)
    return StorageError(f"{where} cannot be used: {' '.join(reason.split())}", "Check FEATHERWEIGHT_DATABASE_URL")
