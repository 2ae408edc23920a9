import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from filelock import FileLock

from engine.errors import StateError, StorageError
from engine.jobs import queue as queue_module
from engine.jobs.executor import Execution
from engine.jobs.supervisor import Supervisor, supervise
from engine.jobs.supervisor_lock import ensure_supervisor, supervisor_runs
from engine.store.database import Database
from tests.jobs.standins import STUBBORN, alive, pid_in, stand_in, until
from tests.processes import supervisors_of

SUPERVISE = """
import json, sys
from engine.jobs.supervisor import supervise
from engine.store.home import Home
supervise(Home.default(), command=json.loads(sys.argv[1]))
"""


@pytest.fixture
def served(home):
    """A supervisor in this process, ticked by the test."""
    made: list[Supervisor] = []

    def make(code: str) -> Supervisor:
        made.append(Supervisor(home, stand_in(code)))
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.stopped.set()
        supervisor.serve(0.0)


@pytest.fixture
def process(home):
    """A supervisor in a process of its own, to be killed."""
    started: list[subprocess.Popen] = []

    def start(code: str) -> subprocess.Popen:
        started.append(subprocess.Popen([sys.executable, "-c", SUPERVISE, json.dumps(stand_in(code))]))
        return started[-1]

    yield start
    for each in started:
        each.terminate()
        each.wait()


def tick_until(supervisor: Supervisor, condition):
    def step():
        supervisor.tick()
        return condition()

    return until(step)


def runs_of(home) -> list[str]:
    return (home.path / "ran").read_text().split()


def test_every_job_runs_once_in_order(home, queue, submit, served):
    ids = [submit().id for _ in range(3)]
    supervisor = served("ran(); done()")
    tick_until(supervisor, lambda: all(queue.job(id).state == "done" for id in ids))
    assert runs_of(home) == ids
    assert all(queue.job(id).attempts == 1 for id in ids)


def test_one_run_and_one_analysis_at_a_time(queue, submit, served):
    runs = [submit().id for _ in range(2)]
    analyses = [submit("hardware").id for _ in range(2)]
    supervisor = served("ready(); time.sleep(600)")
    supervisor.tick()
    supervisor.tick()
    assert [queue.job(id).state for id in (*runs, *analyses)] == ["running", "queued", "running", "queued"]


def test_a_crash_fails_one_job_and_the_next_one_runs(queue, submit, served):
    first, second = submit().id, submit().id
    supervisor = served("""
if (folder.parent.parent / "crashed").exists(): done()
else: (folder.parent.parent / "crashed").touch(); os.kill(os.getpid(), signal.SIGSEGV)
""")
    tick_until(supervisor, lambda: queue.job(second).state == "done")
    assert queue.job(first).state == "failed"
    assert "SIGSEGV" in queue.job(first).error.text
    assert queue.job(first).error_next


def test_a_damaged_description_fails_that_job_only(queue, submit, served):
    damaged, whole = submit().id, submit().id
    queue.folder(damaged).request_file.write_text('{"id"')
    supervisor = served("done()")
    tick_until(supervisor, lambda: queue.job(whole).state == "done")
    assert queue.job(damaged).error.code == "damaged"


def test_a_job_without_a_folder_fails_that_job_only(queue, submit, served):
    lost, whole = submit().id, submit().id
    shutil.rmtree(queue.folder(lost).path)
    tick_until(served("done()"), lambda: queue.job(whole).state == "done")
    assert queue.job(lost).state == "failed"


def test_an_end_that_cannot_be_written_into_the_folder_is_in_the_list(queue, submit, served):
    """As on a full disk, where a job leaves the working directory's room for the words, and somebody takes it."""
    first, second = submit().id, submit().id
    for id in (first, second):
        (queue.folder(id).path / "outcome.json").mkdir()
    tick_until(served("os.kill(os.getpid(), signal.SIGSEGV)"), lambda: queue.job(second).state == "failed")
    assert "SIGSEGV" in queue.job(first).error.text


@pytest.mark.parametrize(("leaves", "state"), [
    ("(folder / 'events.jsonl').mkdir(); done()", "done"),
    ("(folder / 'report.json').mkdir(); done()", "done"),
    ("(folder / 'outcome.json').mkdir()", "failed"),
    ("ends(state='done', finished='yesterday')", "failed"),
    ("ends(state='queued', finished='2026-01-01T00:00:00+00:00')", "failed"),
])  # fmt: skip
def test_whatever_a_job_leaves_ends_that_job_and_the_next_one_runs(queue, submit, served, leaves, state):
    first, second = submit().id, submit().id
    supervisor = served(f"""
def ends(**outcome): (folder / "outcome.json").write_text(json.dumps({{"exit_status": 0, **outcome}}))
if folder.name == {second!r}: done()
else: {leaves}
""")
    tick_until(supervisor, lambda: queue.job(second).state == "done")
    assert queue.job(first).state == state
    assert queue.job(first).seconds < 600
    assert queue.folder(first).outcome().state == state


def test_a_job_that_cannot_be_looked_at_fails_alone(queue, submit, served, monkeypatch):
    real, first, second = Execution.poll, submit().id, submit().id

    def poll(execution):
        if execution._job.id == first:
            raise IsADirectoryError(21, "Is a directory")
        return real(execution)

    monkeypatch.setattr(Execution, "poll", poll)
    tick_until(served("done()"), lambda: queue.job(second).state == "done")
    assert queue.job(first).state == "failed"


def test_a_cancelled_job_is_gone_with_all_its_processes(queue, submit, served):
    id = submit().id
    supervisor = served(STUBBORN)
    supervisor.tick()
    folder = queue.folder(id)
    pid, child = pid_in(folder.path / "ready"), pid_in(folder.path / "child")
    with FileLock(queue.home.supervisor_lock):
        queue.cancel(id)
        queue.cancel(id)
        tick_until(supervisor, lambda: queue.job(id).state == "cancelled")
    assert not alive(pid)
    assert not alive(child)


def test_a_locked_database_is_waited_out(home, queue, submit, served, monkeypatch):
    id = submit().id
    supervisor = served("done()")
    monkeypatch.setattr(
        queue_module, "open_database", lambda home, slot_of: Database(home, slot_of, patience_seconds=0.01)
    )
    lock = sqlite3.connect(home.path / "featherweight.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="is locked"):
        supervisor.tick()
    lock.execute("ROLLBACK")
    supervisor.tick()
    lock.execute("BEGIN IMMEDIATE")
    folder = queue.folder(id)
    until(lambda: folder.outcome())
    with pytest.raises(StorageError, match="is locked"):
        until(supervisor.tick)
    lock.execute("ROLLBACK")
    tick_until(supervisor, lambda: queue.job(id).state == "done")


def test_a_database_that_is_lost_while_a_job_runs_loses_nothing(home, queue, submit, served):
    id = submit().id
    supervisor = served("""
ran(); ready()
while not (folder / "go").exists(): time.sleep(0.01)
done()
""")
    supervisor.tick()
    pid_in(queue.folder(id).path / "ready")
    for file in home.path.glob("featherweight.db*"):
        file.unlink()
    assert queue.job(id).state == "queued"
    supervisor._renew_at = 0.0
    supervisor.tick()
    assert queue.job(id).state == "running"
    (queue.folder(id).path / "go").touch()
    tick_until(supervisor, lambda: queue.job(id).state == "done")
    assert runs_of(home) == [id]


def test_a_job_whose_database_was_lost_at_its_end_is_done_all_the_same(home, queue, submit, served):
    id = submit().id
    supervisor = served("ran(); done()")
    supervisor.tick()
    folder = queue.folder(id)
    until(folder.outcome)
    for file in home.path.glob("featherweight.db*"):
        file.unlink()
    tick_until(supervisor, lambda: queue.job(id).state == "done")
    assert runs_of(home) == [id]


def test_a_killed_supervisor_leaves_no_orphan_and_its_job_runs_once_more(home, queue, submit, process):
    id = submit().id
    folder = queue.folder(id)
    first = process("from engine.runner import die_with_parent; die_with_parent()\n" + STUBBORN)
    pids = pid_in(folder.path / "ready"), pid_in(folder.path / "child")
    first.kill()
    first.wait()
    until(lambda: not alive(pids[0]))  # by the kernel, before anybody looks
    (folder.path / "ready").unlink()
    second = process("ran(); ready(); time.sleep(600)")
    pid_in(folder.path / "ready")
    assert not alive(pids[1])
    assert runs_of(home) == [id, id]
    assert (queue.job(id).state, queue.job(id).attempts) == ("running", 2)
    second.kill()
    second.wait()
    process("ran(); done()")
    until(lambda: queue.job(id).state == "failed")
    assert queue.job(id).error.code == "lost"
    assert runs_of(home) == [id, id]


def test_a_supervisor_that_is_asked_to_stop_gives_its_job_back(queue, submit, process):
    id = submit().id
    supervisor = process("ready(); time.sleep(600)")
    pid = pid_in(queue.folder(id).path / "ready")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait() == 0
    assert not alive(pid)
    assert (queue.job(id).state, queue.job(id).attempts) == ("queued", 0)


def test_an_idle_supervisor_ends_unless_an_app_looks_in(home):
    assert supervise(home, idle_seconds=0.0) == 0
    assert not supervisor_runs(home)
    supervisor = Supervisor(home)
    home.heartbeat.touch()
    assert not supervisor.idle_since(60.0)
    with FileLock(home.supervisor_lock), pytest.raises(StateError, match="runs already"):
        supervise(home, idle_seconds=0.0)


def test_the_supervisor_is_started_once_found_again_and_started_anew_when_killed(home):
    ensure_supervisor(home)
    until(lambda: supervisor_runs(home))
    ensure_supervisor(home)
    (first,) = supervisors_of(home.path)
    assert os.getsid(first.pid) == first.pid != os.getsid(0)
    first.kill()
    until(lambda: not supervisor_runs(home))
    ensure_supervisor(home)
    until(lambda: supervisor_runs(home))
    (second,) = supervisors_of(home.path)
    assert second.pid != first.pid
    second.terminate()
    second.wait(30)
    assert not supervisor_runs(home)
