"""An upload of a model by the façade: looked into by a real child, then kept as one file or gone without a trace."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import onnx
import psutil
import pytest

import engine
from engine.errors import Cancelled, DataError, NotFoundError, RequestError, StateError
from engine.jobs.claims import Claims
from engine.jobs.executor import Execution
from engine.jobs.queue import Queue
from engine.results import ImportedFile, Upload
from engine.store.folders import Outcome
from tests.models.small import small_classifier

DATA = "model.onnx.data"


@pytest.fixture
def two_files(tmp_path) -> dict[str, bytes]:
    path = tmp_path / "model.onnx"
    onnx.save(small_classifier(), path, save_as_external_data=True, location=DATA, size_threshold=0)
    return {one.name: one.read_bytes() for one in (path, tmp_path / DATA)}


def uploaded(files: dict[str, bytes], kind: str = "onnx") -> str:
    return engine.start_import(kind, [(name, BytesIO(content)) for name, content in files.items()]).id


def looked_into(queue: Queue, id: str) -> Upload:
    """What comes of it after a supervisor has served it."""
    assert Claims(queue, "test/1").claim("analysis") == id
    execution = Execution(queue.home, queue.folder(id).request(), queue.folder(id))
    while (outcome := execution.wait(10.0)) is None:
        pass
    queue.finish(id, outcome)
    return engine.finish_import(id)


def left(queue: Queue) -> list[str]:
    """What is in the folders of uploads and jobs, and in the database."""
    folders = [path.name for place in (queue.home.uploads, queue.home.jobs) for path in place.iterdir()]
    return [*folders, *(job.id for job in queue.jobs(kind=None))]


def test_a_refused_upload_leaves_nothing_and_the_next_one_is_kept_as_one_file(home, two_files):
    queue, memory = Queue(home), psutil.Process().memory_info().rss
    with pytest.raises(RequestError) as caught:
        looked_into(queue, uploaded({"model.onnx": two_files["model.onnx"]}))
    assert caught.value.next.startswith(f"Also upload '{DATA}' together with the model")
    assert left(queue) == []

    upload = looked_into(queue, uploaded(two_files))
    content = Path(upload.path).read_bytes()
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert onnx.load_from_string(content).graph.initializer[0].raw_data
    assert [note.code for note in upload.notes] == ["embedded"]
    assert left(queue) == [upload.sha256]
    assert engine.find_upload(upload.sha256) == upload
    assert psutil.Process().memory_info().rss - memory < 50_000_000


def end(queue: Queue, id: str, state: str = "done", finished: datetime | None = None) -> None:
    Claims(queue, "test/1").claim("analysis")
    at = (finished or datetime.now(UTC)).isoformat(timespec="milliseconds")
    queue.finish(id, Outcome(state=state, exit_status=0, started=at, finished=at))


def test_one_that_was_stopped_leaves_nothing(home):
    queue, id = Queue(home), uploaded({"a.onnx": b"x"})
    with pytest.raises(StateError, match="is queued"):
        engine.finish_import(id)
    queue.cancel(id)
    with pytest.raises(Cancelled):
        engine.finish_import(id)
    assert left(queue) == []
    with pytest.raises(NotFoundError):
        engine.finish_import(id)


def test_only_an_import_is_finished_so(home, recipe):
    run = engine.submit(recipe)
    engine.cancel(run.id)
    with pytest.raises(StateError, match="is a run"):
        engine.finish_import(run.id)
    assert engine.job(run.id).state == "cancelled"


@pytest.mark.parametrize(("files", "said"), [
    ([("a.onnx", b"")], "'a.onnx' is empty"), ([("a.onnx", b"x"), ("b/a.onnx", b"y")], "two files have the name"),
    ([], "no file"),
])  # fmt: skip
def test_what_can_be_told_at_once_is_no_job(home, files, said):
    with pytest.raises(DataError, match=said):
        engine.start_import("onnx", [(name, BytesIO(content)) for name, content in files])
    assert left(Queue(home)) == []


def test_the_result_names_a_file_of_the_job_alone(home):
    """Whoever broke out of the child's parser can write any result, and gets no file of the server for it."""
    (home.path / "secret").write_text("secret")
    queue = Queue(home)
    for name in ("../../secret", "/etc/passwd", "upload/link"):
        id = uploaded({"a.onnx": b"x"})
        (queue.folder(id).upload / "link").symlink_to(home.path / "secret")
        queue.folder(id).write("result.json", ImportedFile(file=name))
        end(queue, id)
        with pytest.raises(NotFoundError):
            engine.finish_import(id)
    assert left(queue) == []


def test_what_pages_and_processes_left_behind_is_forgotten(home):
    queue = Queue(home)
    old, new = uploaded({"a.onnx": b"old"}), uploaded({"b.onnx": b"new"})
    end(queue, old, "failed", datetime.now(UTC) - timedelta(hours=2))
    end(queue, new, "failed")
    (home.uploads / ".incoming-killed").mkdir()
    os.utime(home.uploads / ".incoming-killed", (1, 1))
    newest = uploaded({"c.onnx": b"newest"})
    assert {job.id for job in queue.jobs("import")} == {new, newest}
    assert not queue.home.job(old).path.exists()
    assert list(home.uploads.iterdir()) == []
