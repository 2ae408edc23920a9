import json

import pytest

from engine.errors import Cancelled, RequestError, RunError, StorageError
from engine.jobs.foreground import run_analysis, run_in_folder
from engine.results import Event
from engine.settings import HardwareRequest
from engine.store.folders import Outcome, now
from tests.jobs.standins import alive, pid_in, stand_in

REPORTS = """
from engine.runner import *
from engine.store.endings import settle
job = JobFolder(folder, pathlib.Path(sys.argv[2]))
settle(job, error_outcome(Cancelled("x"), now(), began=True))
job.write("report.json", job.report().model_copy(update={"state": "STATE", "run_id": "here"}))
job.write("outcome.json", Outcome(state="STATE", exit_status=STATUS, finished=now()))
"""
REFUSED = Outcome(
    state="failed",
    error={"code": "source", "text": "no such model"},
    next="choose another",
    exit_status=2,
    finished=now(),
)
REFUSES = f"""(folder / "outcome.json").write_text({REFUSED.model_dump_json()!r})"""


@pytest.fixture
def run(home, recipe):
    def start(out, code: str, on_event=lambda event: None):
        return run_in_folder(home, recipe, out, on_event, stand_in(code))

    return start


def test_a_run_leaves_its_report_and_recipe(run, tmp_path):
    report = run(tmp_path / "out", REPORTS.replace("STATE", "done").replace("STATUS", "0"))
    assert (report.run_id, report.state) == ("here", "done")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "recipe.yaml",
        "report.json",
        "outcome.json",
        "log.txt",
    }


def test_events_come_as_they_are_told(run, tmp_path):
    line = Event(time=now(), step="a", phase="b", fraction=0.5, message="hello").model_dump_json()
    seen: list[Event] = []
    code = f"(folder / 'events.jsonl').write_text({line!r} + '\\n');"
    with pytest.raises(RunError, match="no report"):
        run(tmp_path / "out", f"{code} done()", seen.append)
    assert [event.message for event in seen] == ["hello"]


def test_a_failed_step_is_a_report_that_says_so(run, tmp_path):
    report = run(tmp_path / "out", "os.kill(os.getpid(), signal.SIGSEGV)")
    assert report.state == "failed"
    assert "SIGSEGV" in report.failures[0].message
    assert (tmp_path / "out" / "report.json").exists()


@pytest.mark.parametrize("existed", [True, False])
def test_a_refusal_leaves_nothing_behind(run, tmp_path, existed):
    out = tmp_path / "new" / "out"
    if existed:
        out.mkdir(parents=True)
    with pytest.raises(RequestError, match="no such model") as caught:
        run(out, REFUSES)
    assert (caught.value.code, caught.value.exit_status, caught.value.next) == ("source", 2, "choose another")
    assert list(tmp_path.glob("new/**/*")) == ([out] if existed else [])
    assert (tmp_path / "new").exists() == existed


def test_a_folder_that_is_not_empty_is_refused_and_kept(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="is not empty"):
        run(tmp_path / "out", "done()")
    with pytest.raises(RequestError, match="is a file"):
        run(tmp_path / "out" / "mine.txt", "done()")
    with pytest.raises(StorageError, match="cannot be used"):
        run(tmp_path / "out" / "mine.txt" / "below", "done()")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_ctrl_c_cancels_and_keeps_the_report(run, tmp_path):
    line = Event(time=now(), step="a", phase="b", fraction=0.5, message="hello").model_dump_json()

    def interrupt(event):
        raise KeyboardInterrupt

    code = f"ready(); (folder / 'events.jsonl').write_text({line!r} + '\\n'); time.sleep(600)"
    with pytest.raises(Cancelled):
        run(tmp_path / "out", code, interrupt)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["state"] == "cancelled"
    assert not alive(pid_in(tmp_path / "out" / "ready"))


def test_a_listener_that_fails_leaves_no_process(run, tmp_path):
    line = Event(time=now(), step="a", phase="b", fraction=0.5, message="hello").model_dump_json()

    def fail(event):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(tmp_path / "out", f"ready(); (folder / 'events.jsonl').write_text({line!r} + '\\n'); time.sleep(600)", fail)
    assert not alive(pid_in(tmp_path / "out" / "ready"))


def test_an_analysis_answers_and_leaves_nothing(home, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    hardware = {
        "environment": {"cpu": "x", "cores": 1, "memory_bytes": 1, "isa": [], "runtimes": {}, "versions": {}},
        "providers": [],
        "gpus": [],
    }
    write = f"(folder / 'result.json').write_text({json.dumps(hardware)!r}); done()"
    assert run_analysis(home, HardwareRequest(), stand_in(write)).environment.cpu == "x"
    for code, error in [(REFUSES, RequestError), ("sys.exit(1)", RunError), ("done()", RunError)]:
        with pytest.raises(error):
            run_analysis(home, HardwareRequest(), stand_in(code))
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_a_failed_analysis_had_found_is_passed_on(home):
    hardware = {
        "environment": {"cpu": "x", "cores": 1, "memory_bytes": 1, "isa": [], "runtimes": {}, "versions": {}},
        "providers": [],
        "gpus": [],
    }
    write, found = f"(folder / 'result.json').write_text({json.dumps(hardware)!r});", []
    run_analysis(home, HardwareRequest(), stand_in(f"{write} done()"), on_unfinished=found.append)
    assert found == []
    with pytest.raises(RunError):
        run_analysis(home, HardwareRequest(), stand_in(f"{write} sys.exit(1)"), on_unfinished=found.append)
    assert [one.environment.cpu for one in found] == ["x"]
