from pathlib import Path

import pytest

from engine.errors import StorageError
from engine.store import home as module
from engine.store.home import Home, free_bytes
from engine.store.job_files import folder_bytes


def test_the_environment_names_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("FEATHERWEIGHT_HOME", str(tmp_path))
    assert Home.default().path == tmp_path
    monkeypatch.delenv("FEATHERWEIGHT_HOME")
    assert Home.default().path == Path("~/.featherweight").expanduser()


def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used: Not a directory"):
        Home(tmp_path / "file" / "home").prepare()


def test_the_floor_of_free_disk(home, monkeypatch):
    home.require_free()
    monkeypatch.setattr(module, "FREE_FLOOR_BYTES", free_bytes(home.path) * 2)
    with pytest.raises(StorageError, match="MB left") as caught:
        home.require_free()
    assert caught.value.code == "disk_full"


def test_bytes_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    (tmp_path / "c").write_bytes(b"4")
    assert folder_bytes(tmp_path) == 4
    assert folder_bytes(tmp_path / "none") == 0


def test_requests_that_lie_in_the_folders_of_jobs_are_taken_over_once(home):
    home.requests.rmdir()
    for id in ("a" * 12, "b" * 12):
        home.job(id).path.mkdir()
    (home.job("a" * 12).path / "job.json").write_text("asked")
    home.prepare()
    assert home.job("a" * 12).request_file.read_text() == "asked"
    for id in ("a" * 12, "b" * 12):
        (home.job(id).path / "job.json").write_text("written by the job")
    home.prepare()
    assert [(path.name, path.read_text()) for path in home.requests.iterdir()] == [(f"{'a' * 12}.json", "asked")]
    assert not list(home.path.glob(".requests-*"))
