import json
import os

import pytest

from engine.errors import StorageError
from engine.results import Event, ModelProfile
from engine.settings import HardwareRequest, RunRequest
from engine.store.folders import JobFile, JobFolder, Outcome, now, write_atomically
from engine.store.job_files import folder_bytes, remove
from engine.store.progress import Progress


@pytest.fixture
def folder(tmp_path) -> JobFolder:
    path = tmp_path / "job"
    path.mkdir()
    return JobFolder(path, tmp_path / "request.json")


def event(message: str) -> Event:
    return Event(time=now(), step="quantize", phase="calibrate", fraction=0.5, message=message, metrics={"n_images": 3})


def test_objects_come_back_equal(folder, recipe):
    job = JobFile(id="0" * 12, kind="run", name="a", created=now(), request=RunRequest(recipe=recipe))
    folder.write_request(job)
    assert folder.request() == job
    assert folder.outcome() is None
    assert folder.report() is None


def test_a_damaged_file_is_a_sentence_that_names_it(folder):
    folder.request_file.write_text('{"id": ')
    with pytest.raises(StorageError, match=r"request\.json' is damaged") as caught:
        folder.request()
    assert caught.value.code == "damaged"


def test_a_missing_description_is_a_sentence(folder):
    with pytest.raises(StorageError, match=r"request\.json' is missing"):
        folder.request()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "report.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_events_are_numbered_lines(folder):
    for message in "abc":
        folder.append_event(event(message))
    assert [each.message for each in folder.events()] == ["a", "b", "c"]
    assert [each.message for each in folder.events(after=2)] == ["c"]
    assert folder.last_event() == folder.events()[-1]


def test_half_a_line_is_not_an_event_yet(folder):
    folder.append_event(event("whole"))
    with (folder.path / "events.jsonl").open("a") as file:
        file.write('{"time": "2026')
    assert [each.message for each in folder.events()] == ["whole"]
    assert folder.last_event().message == "whole"


def test_no_events_and_no_log_are_empty(folder):
    assert folder.events() == ()
    assert folder.last_event() is None
    assert folder.log_text() == ""


def test_the_log_is_cut_at_its_beginning(folder):
    folder.log.write_text("x" * 100 + "end")
    assert folder.log_text(5) == "xxend"


def test_a_reset_leaves_only_what_was_asked(folder, recipe):
    folder.write_request(JobFile(id="0" * 12, kind="hardware", name="a", created=now(), request=HardwareRequest()))
    folder.write("outcome.json", Outcome(state="done", exit_status=0, finished=now()))
    folder.append_event(event("a"))
    (folder.variants / "abc").mkdir(parents=True)
    folder.work.mkdir()
    folder.reset()
    assert list(folder.path.iterdir()) == []
    assert folder.request().kind == "hardware"


def test_progress_of_a_part_is_of_the_whole(folder):
    seen: list[Event] = []
    whole = Progress(seen.append)
    part = whole.part(0.5, 1.0).part(0.0, 0.5)
    part.emit("quantize", "calibrate", 0.5, "half of the third quarter", n_images=7)
    whole.emit("end", "end", 7.0, "never above one")
    assert [each.fraction for each in seen] == [0.625, 1.0]
    assert seen[0].metrics == {"n_images": 7}


def test_progress_writes_into_a_folder(folder):
    Progress(folder).emit("a", "b", 0.1, "c")
    assert folder.last_event().message == "c"


def test_a_job_keeps_some_room_for_its_end(folder):
    folder.begin()
    room = sum(file.stat().st_size for file in folder.work.iterdir())
    assert room >= 500_000
    folder.make_room()
    folder.make_room()
    assert list(folder.work.iterdir()) == []


def made_folder(path):
    (path / "a" / "b").mkdir(parents=True)


def made_huge(path):
    with path.open("wb") as file:
        file.truncate(10**11)  # no byte of it is on the disk


@pytest.mark.parametrize("make", [made_folder, made_huge, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
def test_whatever_a_job_leaves_in_place_of_its_files_harms_no_reader(folder, make):
    names = ("events.jsonl", "log.txt", "outcome.json", "report.json", "result.json", "summary.json")
    for name in names:
        make(folder.path / name)
    assert (folder.events(), folder.last_event()) == ((), None)
    assert folder.log_text(10).strip("\0") == ""
    for read in (folder.outcome, folder.report, lambda: folder.result(ModelProfile)):
        with pytest.raises(StorageError) as caught:
            read()
        assert caught.value.code == "damaged"
    folder.write("outcome.json", Outcome(state="done", exit_status=0, finished=now()))
    assert folder.outcome().state == "done"
    folder.reset()
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("changes", [
    {"finished": "yesterday"}, {"started": "2026-01-01T00:00:00"}, {"state": "queued"}, {"state": "running"},
])  # fmt: skip
def test_an_outcome_that_is_no_end_is_damaged(folder, changes):
    outcome = {"state": "done", "exit_status": 0, "finished": now()} | changes
    (folder.path / "outcome.json").write_text(json.dumps(outcome))
    with pytest.raises(StorageError, match="is damaged"):
        folder.outcome()


@pytest.mark.parametrize("changes", [{"time": "noon"}, {"fraction": 2.0}, {"fraction": float("nan")}])
def test_an_event_that_no_runner_writes_is_none(folder, changes):
    line = json.dumps(event("a").model_dump() | changes)
    (folder.path / "events.jsonl").write_text(f"{line}\n")
    assert (folder.events(), folder.last_event()) == ((), None)


def test_folders_of_any_depth_are_counted_and_removed(folder):
    here = os.open(folder.path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert folder_bytes(folder.path) == 0
    remove(folder.path)
    assert not folder.path.exists()
