import pytest

from engine.jobs.executor import Execution, Limits
from engine.jobs.queue import Queue, describe_folder, new_id
from engine.settings import HardwareRequest, RunRequest
from engine.store.folders import JobFile, JobFolder, now
from tests.jobs.standins import stand_in


@pytest.fixture
def queue(home) -> Queue:
    return Queue(home)


@pytest.fixture
def submit(queue, recipe):
    """Puts a run (or an analysis) in line."""

    def put(kind: str = "run", **more):
        request = RunRequest(recipe=recipe) if kind == "run" else HardwareRequest()
        return queue.submit(request, name=more.pop("name", "a run"), **more)

    return put


@pytest.fixture
def execute(home, recipe):
    """Starts a stand-in in a job folder; whatever is left of it at the end of the test is killed."""
    started: list[Execution] = []

    def start(code: str, limits: Limits | None = None, *, kind: str = "run") -> tuple[Execution, JobFolder]:
        request = RunRequest(recipe=recipe) if kind == "run" else HardwareRequest()
        job = JobFile(id=new_id(), kind=kind, name="a", created=now(), request=request)
        describe_folder(home.job(job.id), job)
        started.append(Execution(home, job, home.job(job.id), limits, stand_in(code)))
        return started[-1], home.job(job.id)

    yield start
    for execution in started:
        execution.kill(TimeoutError("the test is over"))
