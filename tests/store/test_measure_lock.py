import subprocess
import sys

import pytest
from filelock import FileLock

from engine.errors import WaitError
from engine.store.measure_lock import measure_lock

HOLDER = """
import os, sys
from pathlib import Path
from engine.store.measure_lock import measure_lock
with measure_lock(Path(sys.argv[1]), "digits to int8"):
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(9)  # as a kill ends it
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "measure.lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock until its input is closed, and then dies with it."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()


def test_who_waits_is_told_who_holds_it_and_gets_it_when_that_one_dies(path, other, monkeypatch):
    monkeypatch.setattr("engine.store.measure_lock.TELL_SECONDS", 0.01)
    told = []

    def tell(name: str) -> None:
        told.append(name)
        if len(told) == 2:
            other.stdin.close()

    with measure_lock(path, "mine", tell):
        assert path.with_name("measure.lock.holder").read_text() == "mine"
    assert len(told) >= 2
    assert set(told) == {"digits to int8"}
    assert path.with_name("measure.lock.holder").read_text() == ""


def test_what_is_raised_while_waiting_ends_it(path, other):
    def cancel(name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), measure_lock(path, "mine", cancel):
        pytest.fail("it has the lock of another process")
    assert other.poll() is None


def test_nobody_is_told_anything_where_the_lock_is_free_and_it_is_free_again_after_an_error(path):
    told = []
    with pytest.raises(ValueError, match="no"), measure_lock(path, "mine", told.append):
        raise ValueError("no")
    with measure_lock(path, "mine", told.append):
        pass
    assert told == []


def test_a_holder_without_a_name_is_another_job(path):
    def tell(name: str) -> None:
        assert name == "another job"
        lock.release()

    lock = FileLock(path)
    lock.acquire()
    with measure_lock(path, "mine", tell):
        assert path.with_name("measure.lock.holder").exists()


def test_a_holder_whose_name_is_no_text_is_named_as_far_as_it_is(path, other):
    path.with_name("measure.lock.holder").write_bytes(b"a\xff\xfe" + b"b" * 1000)

    def tell(name: str) -> None:
        assert name == "a\ufffd\ufffd" + "b" * 77
        other.stdin.close()

    with measure_lock(path, "mine", tell):
        pass


def test_who_waits_gives_up_after_a_stated_time_and_names_the_holder(path, other, monkeypatch):
    monkeypatch.setattr("engine.store.measure_lock.MAX_WAIT_SECONDS", 0.06)
    monkeypatch.setattr("engine.store.measure_lock.TELL_SECONDS", 0.01)
    told = []
    given_up = pytest.raises(WaitError, match="'digits to int8' still measures")
    with given_up as caught, measure_lock(path, "mine", told.append):
        pytest.fail("it has the lock of another process")
    assert caught.value.exit_status == 1
    assert told
    other.stdin.close()
    other.wait()
    with measure_lock(path, "mine"):
        pass
