"""The same queue over PostgreSQL, where Debian's is installed (slow tier)."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from engine.errors import StorageError
from engine.jobs.claims import Claims
from engine.jobs.kinds import slot_of
from engine.jobs.queue import Queue
from engine.settings import RunRequest
from engine.store.database import Database

pytestmark = pytest.mark.slow
CLAIM_ALL = """
import sys
from engine.jobs.claims import Claims
from engine.jobs.queue import Queue
from engine.store.home import Home
claims = Claims(Queue(Home.default()), sys.argv[1])
while id := claims.claim("run"):
    print(id)
"""


def program(name: str) -> str:
    """PostgreSQL's own programs are not on PATH in Debian."""
    places = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True), shutil.which(name)]
    found = next((str(place) for place in places if place), None)
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found


def as_postgres(command: list[str]) -> None:
    """Its server refuses to run as root."""
    user = "postgres" if os.getuid() == 0 else None
    subprocess.run(command, check=True, user=user, capture_output=True, cwd="/")


@pytest.fixture(scope="module")
def place():
    """A folder that its account may enter, which pytest's own folders keep to themselves."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield Path(folder)


@pytest.fixture(scope="module")
def server(place):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_postgres([program("initdb"), "-D", f"{place}/data", "-U", "postgres", "-A", "trust"])
    as_postgres(
        [
            program("pg_ctl"),
            "-D",
            f"{place}/data",
            "-w",
            "-l",
            f"{place}/log",
            "-o",
            f"-p {port} -h 127.0.0.1 -k {place}",
            "start",
        ]
    )
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    as_postgres([program("pg_ctl"), "-D", f"{place}/data", "-m", "immediate", "stop"])


@pytest.fixture
def postgres(server, home, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_DATABASE_URL", server)
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS jobs"))
    engine.dispose()
    return Queue(home)


def test_a_job_from_submit_to_delete(postgres, recipe):
    first = postgres.submit(RunRequest(recipe=recipe), name="a", token="click")
    assert postgres.submit(RunRequest(recipe=recipe), name="a", token="click").id == first.id
    second = postgres.submit(RunRequest(recipe=recipe), name="b")
    assert [job.position for job in postgres.jobs()] == [2, 1]
    claims = Claims(postgres, "host/a")
    assert claims.claim("run") == first.id
    assert claims.renew(first.id)
    Claims(postgres, "host/b").recover()
    assert postgres.job(first.id).state == "queued"
    for job in (first, second):
        postgres.cancel(job.id)
        postgres.delete(job.id)
    assert postgres.jobs() == ()
    assert postgres.jobs_bytes() == 0


def test_two_supervisors_claim_every_job_once(postgres, recipe):
    ids = [postgres.submit(RunRequest(recipe=recipe), name="a").id for _ in range(20)]
    both = [
        subprocess.Popen([sys.executable, "-c", CLAIM_ALL, name], stdout=subprocess.PIPE, text=True)
        for name in ("a/1", "b/2")
    ]
    claimed = [line for process in both for line in process.communicate()[0].split()]
    assert sorted(claimed) == sorted(ids)


def test_a_server_that_is_not_there_is_a_sentence_without_the_password(home, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_DATABASE_URL", "postgresql://user:secret@127.0.0.1:1/none")
    with (
        pytest.raises(StorageError, match="the PostgreSQL database cannot be used") as caught,
        Database(home, slot_of).read(),
    ):
        pass
    assert "secret" not in str(caught.value)
