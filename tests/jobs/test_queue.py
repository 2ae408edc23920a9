import shutil

import pytest
from filelock import FileLock
from sqlalchemy import Connection

from engine.errors import NotFoundError, StateError, StorageError
from engine.jobs.claims import Claims
from engine.results import Event, JobRef
from engine.store import home as home_module
from engine.store.folders import Outcome, now
from tests.jobs.standins import DONE


@pytest.fixture
def claims(queue) -> Claims:
    return Claims(queue, "host/test")


def test_a_submitted_job_waits_and_describes_itself(queue, submit, recipe):
    job = submit(name="digits", estimate_seconds=12.5)
    assert (job.state, job.kind, job.name, job.position, job.estimate_seconds) == ("queued", "run", "digits", 1, 12.5)
    folder = queue.folder(job.id)
    assert folder.request().request.recipe == recipe
    assert (folder.path / "recipe.yaml").exists()
    assert queue.jobs() == (job,)


def test_one_click_is_one_job(queue, submit):
    first, second, other = submit(token="click"), submit(token="click"), submit(token="another")
    assert first.id == second.id != other.id
    assert len(queue.jobs()) == 2


def test_an_equal_analysis_is_the_same_job_unless_it_failed(queue, submit, claims):
    first = submit("hardware", key="k")
    assert submit("hardware", key="k").id == first.id
    assert claims.claim("analysis") == first.id
    queue.finish(first.id, Outcome.model_validate_json(DONE))
    assert submit("hardware", key="k").id == first.id
    assert submit("hardware", key="other").id != first.id


def test_a_failed_analysis_is_tried_again(queue, submit, claims):
    first = submit("hardware", key="k")
    claims.claim("analysis")
    queue.finish(first.id, Outcome(state="failed", exit_status=1, finished=now()))
    assert submit("hardware", key="k").id != first.id


def test_positions_count_those_ahead_in_the_same_line(queue, submit):
    submit("hardware")
    runs = [submit() for _ in range(3)]
    assert [queue.job(run.id).position for run in runs] == [1, 2, 3]
    assert [job.position for job in queue.jobs()] == [3, 2, 1]
    queue.cancel(runs[0].id)
    assert queue.job(runs[2].id).position == 2


def test_a_queued_job_names_what_goes_before_it_in_its_line(queue, submit, claims):
    submit("hardware")
    first, second, third = (submit(name=name) for name in ("first", "second", "third"))
    assert claims.claim("run") == first.id
    line = (JobRef(id=first.id, name="first", state="running"), JobRef(id=second.id, name="second", state="queued"))
    assert queue.job(third.id).waits_for == line
    assert [job.waits_for for job in queue.jobs()] == [line, line[:1], ()]
    assert [job.position for job in queue.jobs()] == [2, 1, None]
    queue.finish(first.id, Outcome.model_validate_json(DONE))
    assert queue.job(third.id).waits_for == line[1:]
    assert queue.job(first.id).waits_for == ()


def test_what_a_job_waits_for_is_in_the_list_however_short_that_is(queue, submit):
    runs = [submit() for _ in range(3)]
    (newest,) = queue.jobs(limit=1)
    assert [other.id for other in newest.waits_for] == [run.id for run in runs[:2]]
    assert newest == queue.job(runs[2].id)


def test_a_list_asks_the_database_no_more_often_than_for_one_job(queue, submit, monkeypatch):
    def asked() -> int:
        with monkeypatch.context() as patch:
            counted = []
            patch.setattr(Connection, "execute", lambda *args, **more: counted.append(1) or execute(*args, **more))
            queue.jobs()
        return len(counted)

    execute = Connection.execute
    submit()
    before = asked()
    for _ in range(5):
        submit()
    assert before == asked() > 0


def test_only_a_running_job_tells_how_long_it_still_takes(queue, submit, claims):
    id = submit(estimate_seconds=100.0).id
    assert queue.job(id).remaining_seconds is None
    claims.claim("run")
    assert queue.job(id).remaining_seconds == 100.0
    queue.folder(id).append_event(Event(time=now(), step="a", phase="b", fraction=0.5, message="half"))
    assert queue.jobs()[0].remaining_seconds < 50
    queue.finish(id, Outcome.model_validate_json(DONE))
    assert queue.job(id).remaining_seconds is None


def test_newest_first_by_kind_and_at_most_so_many(queue, submit):
    runs = [submit() for _ in range(3)]
    analysis = submit("hardware")
    assert [job.id for job in queue.jobs(limit=2)] == [runs[2].id, runs[1].id]
    assert [job.id for job in queue.jobs("hardware")] == [analysis.id]
    assert len(queue.jobs(None)) == 4


@pytest.mark.parametrize("id", ["", "../..", "0" * 12, "x'; DROP TABLE jobs; --"])
def test_no_such_job(queue, id):
    for verb in (queue.job, queue.folder, queue.cancel, queue.delete):
        with pytest.raises(NotFoundError, match="there is no job"):
            verb(id)


def test_a_running_job_tells_where_it_is(queue, submit, claims):
    id = submit().id
    claims.claim("run")
    queue.folder(id).append_event(Event(time=now(), step="quantize", phase="calibrate", fraction=0.4, message="so far"))
    job = queue.job(id)
    assert (job.state, job.phase, job.fraction, job.message, job.attempts) == ("running", "calibrate", 0.4, "so far", 1)
    queue.finish(id, Outcome.model_validate_json(DONE))
    assert (queue.job(id).state, queue.job(id).fraction, queue.job(id).position) == ("done", 1.0, None)


def test_a_queued_job_is_cancelled_at_once_and_a_second_time_does_nothing(queue, submit):
    id = submit().id
    queue.cancel(id)
    first = queue.job(id)
    queue.cancel(id)
    assert queue.job(id) == first
    assert first.state == "cancelled"
    assert queue.folder(id).outcome().state == "cancelled"


def test_a_running_job_without_a_supervisor_is_cancelled_at_once(queue, submit, claims):
    id = submit().id
    claims.claim("run")
    queue.cancel(id)
    assert queue.job(id).state == "cancelled"
    assert queue.folder(id).report().state == "cancelled"


def test_a_running_job_with_a_supervisor_is_left_to_it(home, queue, submit, claims):
    id = submit().id
    claims.claim("run")
    with FileLock(home.supervisor_lock):
        queue.cancel(id)
    assert queue.job(id).state == "running"
    assert claims.to_cancel() == (id,)


def test_an_ended_job_is_not_cancelled(queue, submit, claims):
    id = submit().id
    claims.claim("run")
    queue.finish(id, Outcome.model_validate_json(DONE))
    queue.cancel(id)
    queue.finish(id, Outcome(state="failed", exit_status=1, finished=now()))
    assert queue.job(id).state == "done"


def test_renaming_lasts_without_the_database(queue, submit):
    id = submit().id
    assert queue.rename(id, " better ").name == "better"
    assert queue.folder(id).request().name == "better"
    for bad in ("  ", "x" * 121):
        with pytest.raises(StateError, match="1 to 120"):
            queue.rename(id, bad)


def test_only_an_ended_job_is_deleted(queue, submit):
    id = submit().id
    path = queue.folder(id).path
    with pytest.raises(StateError, match="Cancel it first"):
        queue.delete(id)
    queue.cancel(id)
    queue.delete(id)
    assert queue.jobs() == ()
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


def test_a_job_whose_folder_is_gone_can_be_deleted(queue, submit):
    id = submit().id
    queue.cancel(id)
    shutil.rmtree(queue.folder(id).path)
    queue.delete(id)
    assert queue.jobs() == ()


def test_a_full_disk_refuses_and_leaves_nothing(home, queue, submit, monkeypatch):
    monkeypatch.setattr(home_module, "FREE_FLOOR_BYTES", 10**18)
    with pytest.raises(StorageError):
        submit()
    assert queue.jobs() == ()
    assert list(home.jobs.iterdir()) == []


def test_bytes_of_all_jobs(queue, submit, claims):
    waiting, ended = submit(), submit("hardware")
    claims.claim("analysis")
    (queue.folder(ended.id).path / "big").write_bytes(b"x" * 10_000)
    queue.finish(ended.id, Outcome.model_validate_json(DONE))
    before = queue.jobs_bytes()
    (queue.folder(waiting.id).path / "big").write_bytes(b"x" * 10_000)
    assert before > 10_000
    assert queue.jobs_bytes() == before + 10_000


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "nothing.png", "."])
def test_only_files_of_the_job_are_given_out(queue, submit, name):
    folder = queue.folder(submit().id)
    (folder.path.parent.parent / "secret").write_text("secret")
    (folder.path / "link").symlink_to("/etc/passwd")
    for asked in (name, "link"):
        with pytest.raises(NotFoundError, match="has no file"):
            folder.file(asked)
    assert folder.file("recipe.yaml").name == "recipe.yaml"
