import json
import os
from pathlib import Path

import pytest

from engine.jobs import executor
from engine.jobs.executor import SPARE_BYTES, Limits, limits_for
from engine.jobs.processes import child_environment
from engine.settings import (
    FileModel,
    HardwareRequest,
    IdentifyRequest,
    ImportRequest,
    ProfileRequest,
    RunRequest,
    SampleData,
    SampleModel,
    SensitivityRequest,
    SignatureRequest,
    TimmModel,
)
from engine.store.endings import settle
from engine.store.folders import JobFile, Outcome, now
from engine.system.machine import memory_bytes
from tests.jobs.standins import STUBBORN, alive, ended, pid_in, until

HOUR = 3600.0
GB = 10**9


def test_a_job_that_says_done_is_done(execute):
    execution, folder = execute("print('hello', file=sys.stderr); done()")
    assert ended(execution).state == "done"
    assert folder.log_text() == "hello\n"
    assert not folder.work.exists()


def test_what_a_job_may_see(execute, monkeypatch):
    for name in ("AWS_SECRET_ACCESS_KEY", "FEATHERWEIGHT_DATABASE_URL", "HF_HOME", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "here")
    execution, folder = execute(
        "(folder / 'seen').write_text(json.dumps([dict(os.environ), os.getcwd(), os.getsid(0)])); done()"
    )
    ended(execution)
    environment, directory, session = json.loads((folder.path / "seen").read_text())
    assert not {"AWS_SECRET_ACCESS_KEY", "FEATHERWEIGHT_DATABASE_URL"} & environment.keys()
    assert {"PATH", "HF_HOME", "OPENBLAS_NUM_THREADS"} <= environment.keys()
    assert environment["ORT_DISABLE_TELEMETRY"] == "1"
    assert environment["TMPDIR"] == directory == str(folder.work)
    assert environment["FEATHERWEIGHT_PARENT"] == str(os.getpid())
    assert session != os.getsid(0)


def test_only_who_downloads_gets_the_token_and_the_proxies(home, monkeypatch, recipe):
    for name in ("HF_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "secret")
    for request, has_token in (
        (ProfileRequest(model=FileModel(path="m.onnx")), False),
        (IdentifyRequest(weights="w.pt"), False),
        (SignatureRequest(model=FileModel(path="m.onnx")), False),
        (ImportRequest(upload="onnx", files=("m.onnx",)), False),
        (ProfileRequest(model=SampleModel()), False),
        (RunRequest(recipe=recipe), False),
        (ProfileRequest(model=TimmModel(name="resnet18.a1_in1k")), True),
    ):
        job = JobFile(id="a", kind=request.kind, name="a", created=now(), request=request)
        environment = child_environment(home, home.job("a"), job)
        assert {name in environment for name in ("HF_TOKEN", "HTTPS_PROXY")} == {has_token}


def test_no_core_dumps_no_endless_files_and_no_endless_memory(execute):
    execution, folder = execute("""
import resource
while resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY: time.sleep(0.01)
kinds = (resource.RLIMIT_CORE, resource.RLIMIT_DATA)
(folder / "core").write_text(str([resource.getrlimit(kind)[0] for kind in kinds]))
done()
""")
    ended(execution)
    assert (folder.path / "core").read_text() == str([0, memory_bytes() + SPARE_BYTES])


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_runner_that_dies_by_a_signal_fails_with_its_name(execute, name):
    execution, folder = execute(f"os.kill(os.getpid(), signal.{name})")
    outcome = ended(execution)
    assert (outcome.state, outcome.exit_status, outcome.error.code) == ("failed", 1, "signal")
    assert name in outcome.error.text
    assert folder.outcome() == outcome
    assert folder.report().failures[0].message == outcome.error.text


def test_what_was_finished_before_the_crash_stays(execute):
    execution, folder = execute("(folder / 'ready').touch(); sys.stdin = time.sleep(600)")
    until(lambda: (folder.path / "ready").exists())
    settle(folder, Outcome(state="cancelled", exit_status=130, finished=now()))
    (folder.path / "outcome.json").unlink()
    folder.write("report.json", folder.report().model_copy(update={"state": "running"}))  # as if under way
    before = folder.report()
    os.kill(execution._process.pid, 9)
    ended(execution)
    after = folder.report()
    assert (before.state, after.state, len(after.failures)) == ("running", "failed", 1)
    assert after.created == before.created


def test_an_end_without_a_word_is_a_failure(execute):
    execution, _ = execute("sys.exit(3)")
    assert ended(execution).error.code == "internal"


def test_success_is_what_the_job_says_not_its_exit_status(execute):
    execution, _ = execute("done(); os.kill(os.getpid(), signal.SIGSEGV)")
    assert ended(execution).state == "done"


def test_a_cancelled_job_ends(execute):
    execution, folder = execute("ready(); time.sleep(600)")
    pid = pid_in(folder.path / "ready")
    execution.cancel()
    execution.cancel()
    outcome = ended(execution)
    assert (outcome.state, outcome.exit_status) == ("cancelled", 130)
    assert folder.report().state == "cancelled"
    assert not alive(pid)


def test_cancel_reaches_into_c_code(execute):
    execution, folder = execute("""
import hashlib
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
ready(); hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)
""")
    pid = pid_in(folder.path / "ready")
    execution.cancel()
    assert ended(execution).state == "cancelled"
    assert not alive(pid)


def test_cancel_reaches_who_ignores_sigterm_and_who_left_the_group(execute):
    execution, folder = execute(STUBBORN)
    pid, child = pid_in(folder.path / "ready"), pid_in(folder.path / "child")
    execution.cancel()
    assert ended(execution).state == "cancelled"
    assert not alive(pid)
    assert not alive(child)


def test_an_error_that_a_cancel_led_to_is_the_cancel(execute):
    failed = Outcome(state="failed", exit_status=1, finished=now()).model_dump_json()
    execution, folder = execute(f"""
def fail(number, frame): (folder / "outcome.json").write_text({failed!r}); sys.exit(1)
signal.signal(signal.SIGTERM, fail)
ready(); time.sleep(600)
""")
    pid_in(folder.path / "ready")
    execution.cancel()
    assert ended(execution).state == "cancelled"
    assert folder.outcome().state == "cancelled"


def test_cancel_after_the_end_does_nothing(execute):
    execution, folder = execute("done()")
    ended(execution)
    execution.cancel()
    assert execution.poll().state == "done"
    assert folder.outcome().state == "done"


def test_leftovers_of_a_job_that_ended_are_gone(execute):
    execution, folder = execute("""
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(folder / "child").write_text(str(child.pid)); done()
""")
    assert ended(execution).state == "done"
    assert not alive(pid_in(folder.path / "child"))


@pytest.mark.parametrize(("limits", "code", "work"), [
    (Limits(seconds=0.2, memory_bytes=GB), "time", "time.sleep(600)"),
    (Limits(seconds=HOUR, memory_bytes=100_000_000), "memory", "data = b'x' * 300_000_000; time.sleep(600)"),
    (Limits(seconds=HOUR, memory_bytes=GB, processes=2), "processes",
     "[subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']) for _ in range(3)]; time.sleep(600)"),
])  # fmt: skip
def test_whoever_passes_a_limit_is_killed_with_the_reason(execute, limits, code, work):
    execution, folder = execute(work, limits)
    outcome = ended(execution)
    assert (outcome.state, outcome.exit_status, outcome.error.code) == ("failed", 1, code)
    assert folder.report().failures[0].code == code


def test_a_folder_that_vanished_is_an_outcome_still(execute, capsys):
    execution, _ = execute("import shutil; os.chdir('/'); shutil.rmtree(folder)")
    assert ended(execution).state == "failed"
    assert "cannot be written" in capsys.readouterr().err


def test_limits_follow_the_request(recipe):
    run, analysis = limits_for(RunRequest(recipe=recipe)), limits_for(HardwareRequest())
    assert run.seconds > recipe.budget.minutes * 60 > 0
    assert analysis.seconds < run.seconds
    sensitivity = SensitivityRequest(model=SampleModel(), data=SampleData(), minutes=40)
    assert limits_for(sensitivity).seconds == analysis.seconds + 2400
    assert run.memory_bytes < memory_bytes()
    file, sample = (limits_for(ProfileRequest(model=one)) for one in (FileModel(path="m.onnx"), SampleModel()))
    assert file.seconds < sample.seconds == analysis.seconds  # a hostile file keeps nobody waiting for long
    assert file.memory_bytes <= sample.memory_bytes == run.memory_bytes


def test_the_bytes_of_an_upload_count_for_the_memory_of_the_look_into_it(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "memory_bytes", lambda: 10**12)
    with (tmp_path / "w.pt").open("wb") as file:
        file.truncate(10**9)
    request = ImportRequest(upload="weights", files=("w.pt",))
    assert limits_for(request, tmp_path).memory_bytes - limits_for(request).memory_bytes == 8 * 10**9


def test_the_folder_and_the_request_are_the_last_arguments(execute):
    code = "from engine.store.folders import JobFolder; job = JobFolder(folder, pathlib.Path(sys.argv[-1])).request();"
    execution, folder = execute(
        f"assert str(folder) == sys.argv[-2]; {code} assert job.id == folder.name; ready(); done()"
    )
    assert ended(execution).state == "done"
    assert Path(folder.path / "ready").exists()


def test_waiting_for_a_turn_to_measure_is_not_the_job_s_own_time(execute):
    """A file that is looked into while a run measures for long is not killed for that."""
    event = {"time": now(), "step": "start", "phase": "waiting", "fraction": 0.0, "message": "waits"}
    code = f"""
with open(folder / "events.jsonl", "w") as file: file.write({json.dumps(event)!r} + "\\n")
time.sleep(2.6); done()
"""
    execution, _ = execute(code, Limits(seconds=1.5, memory_bytes=GB))
    assert ended(execution).state == "done"
