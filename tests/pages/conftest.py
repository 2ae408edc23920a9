"""The app as a session sees it, on a home of its own, with no supervisor beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import engine
from engine.errors import SourceError
from engine.jobs.claims import Claims
from engine.jobs.kinds import KINDS
from engine.jobs.queue import Queue
from engine.results import Job, Note, Report, Result, State
from engine.settings import ImportRequest, Recipe, RunRequest
from engine.store.endings import error_outcome
from engine.store.folders import Outcome, now
from engine.store.home import Home
from engine.store.progress import Progress
from pages._ui import live, runs_view
from tests.made import made_report

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(home, monkeypatch) -> Home:
    """The same, with no supervisor beside it."""
    monkeypatch.chdir(ROOT)
    for module in (engine, live, runs_view):
        monkeypatch.setattr(module, "ensure_supervisor", lambda: None)
    return home


@pytest.fixture
def app(home):
    """Opens a page with its address: app("pages/runs.py", run="…")."""

    def opened(page: str | None = None, **params: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
        if page:
            at.switch_page(page)
        for name, value in params.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    return opened


SAMPLE = Recipe.parse(
    {
        "name": "digits to int8",
        "model": {"kind": "sample"},
        "data": {"kind": "sample"},
        "steps": [{"technique": "quantize", "method": "static"}],
    }
)


@pytest.fixture
def queue(home) -> Queue:
    return Queue(home)


def claim(queue: Queue, slot: str) -> str:
    """Take the job that waits longest, as a supervisor does."""
    taken = Claims(queue, "test/1").claim(slot)
    if taken is None:
        raise LookupError(f"nothing waits for {slot}")
    return taken


@pytest.fixture
def queued(queue):
    """A run that waits."""

    def submit(name: str = "digits to int8") -> Job:
        return queue.submit(RunRequest(recipe=SAMPLE), name=name)

    return submit


@pytest.fixture
def finished(queue, queued):
    """A run that has ended, or still goes on, with this report, its ONNX files in place."""

    def submit(report: Report | None = None, name: str = "digits to int8", state: State = "done") -> Job:
        job = queued(name)
        claim(queue, "run")
        folder = queue.home.job(job.id)
        report = (report or made_report()).model_copy(update={"run_id": job.id})
        for variant in report.variants:
            (folder.path / variant.file).parent.mkdir(parents=True, exist_ok=True)
            (folder.path / variant.file).write_bytes(variant.file_variant_id.encode())
        folder.write("report.json", report)
        if state != "running":
            queue.finish(job.id, Outcome(state=state, exit_status=0, started=now(), finished=now()))
        return queue.job(job.id)

    return submit


@pytest.fixture
def answer(queue):
    """Ends the analysis that waits, with a result or an error; of several, one that has such a result."""

    def end(result: Result | None = None, error: Note | None = None, next: str = "") -> str:
        waiting = {slot for slot in Claims(queue, "test/1").waiting() if slot != "run"}
        slot = max(waiting & {kind.slot for kind in KINDS if kind.result is type(result)} or waiting)
        id = claim(queue, slot)
        if result is not None:
            queue.home.job(id).write("result.json", result)
        state = "failed" if error else "done"
        queue.finish(id, Outcome(state=state, error=error, next=next, exit_status=0, started=now(), finished=now()))
        return id

    return end


@pytest.fixture
def look_into(queue):
    """Carries out the import that waits, in this process, and ends it as the runner would."""

    def end() -> None:
        from engine.analyses.import_file import import_file

        id = claim(queue, "analysis")
        folder = queue.home.job(id)
        request = folder.request().request
        assert isinstance(request, ImportRequest)
        try:
            folder.write("result.json", import_file(request, folder, Progress(folder)))
            queue.finish(id, Outcome(state="done", exit_status=0, started=now(), finished=now()))
        except SourceError as error:
            queue.finish(id, error_outcome(error, now(), began=False))

    return end


@pytest.fixture
def measuring(queue):
    """Presses a button that starts an analysis of minutes; gives its page a function that ends it.

    It takes a result, a state and an error; a state of running leaves it going on with the result so far.
    """

    def started(page: AppTest, label: str) -> Callable[..., AppTest]:
        next(one for one in page.button if one.label == label).click().run()
        id = claim(queue, "advice")

        def end(result: Result | None = None, state: State = "done", error: Note | None = None) -> AppTest:
            if result is not None:
                queue.home.job(id).write("result.json", result)
            if state != "running":
                outcome = Outcome(
                    state=state, error=error, next="Choose less", exit_status=0, started=now(), finished=now()
                )
                queue.finish(id, outcome)
            return page.run()

        return end

    return started
