import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from PIL import Image

from engine.errors import DataError, as_error
from engine.results import ModelProfile
from engine.settings import FileModel, ImagesData, PreviewRequest, ProfileRequest, TimmModel
from engine.store.folders import JobFile, JobFolder, now
from engine.store.home import Home
from engine.store.measure_lock import measure_lock

ORPHAN = """
import os, subprocess, sys
child = "import os, time; from engine.runner import die_with_parent; die_with_parent(); print(os.getpid(), flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child], env=os.environ | {"FEATHERWEIGHT_PARENT": str(os.getpid())}).wait()
"""  # noqa: E501


def runner(folder: JobFolder) -> subprocess.CompletedProcess:
    environment = os.environ | {"TMPDIR": str(folder.work)}  # as the executor sets it
    command = [sys.executable, "-m", "engine.runner", str(folder.path), str(folder.request_file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def ask(folder: JobFolder, path: str) -> None:
    request = ProfileRequest(model=FileModel(path=path))
    folder.work.mkdir()
    folder.write_request(JobFile(id="a" * 12, kind="profile", name="a", created=now(), request=request))


def test_a_runner_dies_with_its_parent_even_by_sigkill():
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True)
    assert int(parent.stdout.readline()) > 0
    parent.kill()
    assert parent.stdout.read() == ""  # returns when the last process that could write has died
    parent.wait()


def test_a_runner_whose_parent_died_before_it_looked_ends_at_once():
    code = "from engine.runner import die_with_parent; die_with_parent()"
    died = subprocess.run([sys.executable, "-c", code], env=os.environ | {"FEATHERWEIGHT_PARENT": "1"})
    assert died.returncode == -signal.SIGKILL


def test_a_damaged_request_is_an_outcome(tmp_path):
    folder = JobFolder(tmp_path, tmp_path / "request.json")
    folder.request_file.write_text("{")
    process = runner(folder)
    outcome = folder.outcome()
    assert process.returncode == outcome.exit_status == 2
    assert outcome.error.code == "damaged"


def test_a_refused_analysis_has_no_result(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    folder = JobFolder(tmp_path, tmp_path / "request.json")
    (tmp_path / "model.onnx").write_text("<html>not found</html>")
    ask(folder, str(tmp_path / "model.onnx"))
    process = runner(folder)
    assert process.returncode == 2
    assert folder.outcome().state == "failed"
    assert "Traceback" in process.stderr
    assert folder.result(ModelProfile) is None
    assert [event.phase for event in folder.events()[:2]] == ["waiting", "starting"]


def test_an_analysis_waits_while_a_run_measures(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    home, folder = Home.default(), JobFolder(tmp_path / "job", tmp_path / "request.json")
    home.prepare()
    folder.path.mkdir()
    ask(folder, "none.onnx")
    with measure_lock(home.measure_lock, "digits to int8"):
        process = subprocess.Popen([sys.executable, "-m", "engine.runner", str(folder.path), str(folder.request_file)])
        while not folder.events():
            assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        assert {event.phase for event in folder.events()} == {"waiting"}
        assert folder.events()[-1].message == "waiting for its turn on this machine: 'digits to int8' measures"
        process.terminate()
        assert process.wait() == 130
    assert folder.outcome().state == "cancelled"


def test_a_cancel_ends_the_reading_of_images(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path / "home"))
    Home.default().prepare()
    images, folder = tmp_path / "images" / "a", JobFolder(tmp_path / "job", tmp_path / "request.json")
    images.mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(images / "0.png")
    for number in range(1, 30_000):
        os.link(images / "0.png", images / f"{number}.png")
    (folder.path / "work").mkdir(parents=True)
    model = TimmModel(name="test_resnet", weights="random", num_classes=2)
    request = PreviewRequest(model=model, data=ImagesData(path=str(images.parent), labels="none"))
    folder.write_request(JobFile(id="a" * 12, kind="preview", name="a", created=now(), request=request))
    environment = os.environ | {"TMPDIR": str(folder.work)}
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.runner", str(folder.path), str(folder.request_file)], env=environment
    )
    while not any("of 30,000 images read" in event.message for event in folder.events()):
        assert process.poll() is None
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    process.terminate()
    assert process.wait() == 130
    assert folder.outcome().state == "cancelled"
    assert not any(event.message.startswith("30,000 of") for event in folder.events())


@pytest.mark.parametrize(("error", "code"), [
    (OSError(errno.ENOSPC, "no space"), "disk_full"),
    (OSError(errno.EDQUOT, "quota"), "disk_full"),
    (OSError(errno.EFBIG, "too big"), "file_size"),
    (MemoryError(), "memory"),
    (ValueError("secret"), "internal"),
    (PermissionError(errno.EACCES, "no"), "denied"),
    (RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation"), "memory"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."), "memory"),
    (DataError("mine"), "data"),
])  # fmt: skip
def test_every_error_is_one_of_ours_and_tells_no_secrets(error, code):
    shown = as_error(error)
    assert shown.code == code
    assert "secret" not in str(shown)
    assert shown.next or code == "data"


def test_a_really_full_disk_is_told_as_such():
    with pytest.raises(OSError) as caught, open("/dev/full", "wb", buffering=0) as file:  # noqa: PTH123
        file.write(b"x")
    assert as_error(caught.value).code == "disk_full"
