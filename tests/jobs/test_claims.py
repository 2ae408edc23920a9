import subprocess
import sys

import pytest
from sqlalchemy import update

from engine.jobs.claims import Claims, new_owner
from engine.jobs.kinds import SLOTS, slot_of
from engine.store.database import JOBS
from engine.store.folders import Outcome
from tests.jobs.standins import DONE

CLAIM_ALL = """
import sys
from engine.jobs.claims import Claims
from engine.jobs.queue import Queue
from engine.store.home import Home
claims = Claims(Queue(Home.default()), sys.argv[1])
while id := claims.claim("run"):
    print(id)
"""


@pytest.fixture
def mine(queue) -> Claims:
    return Claims(queue, new_owner("mine"))


def owned_by(queue, owner: str, lease: float = 0.0) -> None:
    with queue.database.write() as connection:
        connection.execute(update(JOBS).where(JOBS.c.state == "running").values(owner=owner, lease=lease))


def test_two_supervisors_claim_every_job_once(submit):
    ids = [submit().id for _ in range(20)]
    both = [
        subprocess.Popen([sys.executable, "-c", CLAIM_ALL, name], stdout=subprocess.PIPE, text=True)
        for name in ("a/1", "b/2")
    ]
    claimed = [line for process in both for line in process.communicate()[0].split()]
    assert sorted(claimed) == sorted(ids)


def test_first_come_first_served_by_slot(mine, submit):
    runs = [submit().id for _ in range(2)]
    analysis = submit("hardware").id
    assert set(mine.waiting()) == {"run", "analysis"}
    assert [mine.claim("run"), mine.claim("analysis"), mine.claim("run")] == [runs[0], analysis, runs[1]]
    assert mine.claim("run") is None
    assert mine.waiting() == ()


def test_a_lost_job_runs_once_more_and_nothing_of_it_is_left(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    owned_by(queue, new_owner("lost"))
    queue.folder(id).write_text("report.json", "{}")
    mine.recover()
    assert queue.job(id).state == "queued"
    assert not (queue.folder(id).path / "report.json").exists()
    mine.claim("run")
    assert queue.job(id).attempts == 2
    owned_by(queue, new_owner("lost too"))
    mine.recover()
    job = queue.job(id)
    assert (job.state, job.error.code) == ("failed", "lost")
    assert queue.folder(id).report().failures[0].code == "lost"


def test_a_lost_job_that_was_to_be_cancelled_is(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    with queue.database.write() as connection:
        connection.execute(update(JOBS).values(cancel=True))
    owned_by(queue, new_owner("lost"))
    mine.recover()
    assert queue.job(id).state == "cancelled"


def test_a_lost_job_that_had_ended_is_not_run_again(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    owned_by(queue, new_owner("lost"))
    queue.folder(id).write_text("outcome.json", DONE)
    mine.recover()
    assert queue.job(id).state == "done"


def test_another_host_s_job_is_lost_when_its_lease_is_over(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    owned_by(queue, "elsewhere/1", lease=4e9)
    mine.recover()
    assert queue.job(id).state == "running"
    owned_by(queue, "elsewhere/1", lease=0.0)
    mine.recover()
    assert queue.job(id).state == "queued"


def test_my_own_jobs_are_never_lost_whatever_the_clock_does(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    owned_by(queue, mine.owner, lease=0.0)
    mine.recover()
    assert queue.job(id).state == "running"


def test_a_released_job_counts_no_attempt(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    mine.release(id)
    assert (queue.job(id).state, queue.job(id).attempts) == ("queued", 0)


def test_a_row_that_was_made_again_is_mine_again(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    for file in queue.home.path.glob("featherweight.db*"):
        file.unlink()
    assert queue.job(id).state == "queued"
    assert mine.claim("run", running_ids=[id]) is None
    assert mine.renew(id)
    assert (queue.job(id).state, queue.job(id).attempts) == ("running", 1)
    assert queue.job(id).started is not None


def test_the_lease_of_an_ended_job_is_not_renewed(queue, mine, submit):
    id = submit().id
    mine.claim("run")
    queue.finish(id, Outcome.model_validate_json(DONE))
    assert not mine.renew(id)
    assert queue.job(id).state == "done"


def test_what_takes_minutes_has_a_line_of_its_own():
    assert slot_of("sensitivity") == slot_of("advise")
    assert {slot_of("run"), slot_of("advise"), slot_of("preview")} == set(SLOTS)
    assert slot_of("profile") == slot_of("preview") == slot_of("hardware")
