import sys
import threading
from pathlib import Path

import pytest

from engine.measure import calls
from engine.measure.calls import run_queue as opened

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux accounts the waiting")
def test_every_thread_has_a_counter_that_never_falls():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with opened() as queue:
            assert queue.is_known
            first, second = queue.waited_ms(), queue.waited_ms()
    finally:
        done.set()
        thread.join()
    assert len(first) == len(second) >= 2
    assert (second >= first).all()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux accounts the waiting")
def test_a_thread_that_has_ended_reads_as_nothing_and_no_file_stays_open():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    n_before = len(list(OPEN_FILES.iterdir()))
    with opened() as queue:
        done.set()
        thread.join()
        assert len(queue.waited_ms()) >= 2
    assert len(list(OPEN_FILES.iterdir())) == n_before


def test_a_system_without_these_counters_has_none(monkeypatch, tmp_path):
    monkeypatch.setattr(calls, "TASKS", tmp_path / "missing")
    with opened() as queue:
        assert not queue.is_known
        assert queue.waited_ms().tolist() == []


def test_a_system_that_accounts_nothing_has_zeros_and_no_counters(monkeypatch, tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "schedstat").write_text("0 0 0\n")
    monkeypatch.setattr(calls, "TASKS", tmp_path)
    with opened() as queue:
        assert not queue.is_known
