import os
import subprocess
import sys
import time

import pytest

from engine.store.cache import Cache

ENTRY_BYTES = 182  # a file of 100 bytes, and the record of its sum


def filler(n_bytes: int):
    return lambda folder: (folder / "model.onnx").write_bytes(b"x" * n_bytes)


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache")


def used_at(entry, seconds_ago: float) -> None:
    moment = time.time() - seconds_ago
    os.utime(entry, (moment, moment))


def test_an_entry_is_filled_once(cache):
    calls = []
    fill = lambda folder: (calls.append(folder), filler(3)(folder))  # noqa: E731
    assert cache.get("a1") is None
    entry = cache.put("a1", fill)
    assert cache.put("a1", fill) == entry == cache.get("a1")
    assert (entry / "model.onnx").read_bytes() == b"xxx"
    assert len(calls) == 1


def test_a_failed_fill_leaves_nothing(cache, tmp_path):
    def fail(folder):
        (folder / "half").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.put("a1", fail)
    assert cache.get("a1") is None
    assert list((tmp_path / "cache").iterdir()) == []


def test_who_publishes_second_gets_the_first_one_s(cache):
    def slow(folder):
        cache.put("a1", filler(1))
        filler(2)(folder)

    assert (cache.put("a1", slow) / "model.onnx").stat().st_size == 1


def test_the_least_recently_used_go_first(cache):
    for age, key in enumerate(["new", "middle", "old"]):
        used_at(cache.put(key, filler(100)), seconds_ago=10 + age)
    cache.get("old")  # and now it is the newest
    assert cache.trim(2 * ENTRY_BYTES) == ENTRY_BYTES
    assert cache.get("middle") is None
    assert cache.get("old") is not None
    assert cache.get("new") is not None


def test_what_a_running_job_uses_stays(cache):
    for age, key in [(10, "used"), (1000, "unused")]:
        used_at(cache.put(key, filler(100)), seconds_ago=age)
    assert cache.trim(0, unused_since=time.time() - 100) == ENTRY_BYTES
    assert cache.get("used") is not None
    assert cache.get("unused") is None


def test_what_is_used_since_the_first_user_began_stays_until_it_has_ended(cache):
    for key in ("before", "after"):
        used_at(cache.put(key, filler(100)), seconds_ago=1000)
    with cache.in_use():
        cache.get("after")
        with cache.in_use():  # one that began later, as another run does, and ends first
            assert cache.trim(0, unused_since=time.time() + 10) == ENTRY_BYTES
        assert cache.trim(0, unused_since=time.time() + 10) == 0
    assert cache.get("before") is None
    assert cache.trim(0, unused_since=time.time() + 10) == ENTRY_BYTES


USER = """
import os, sys
from pathlib import Path
from engine.store.cache import Cache
cache = Cache(Path(sys.argv[1]))
with cache.in_use():
    cache.get("a1")
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(9)  # as a kill ends it
"""


def test_the_use_of_another_process_counts_until_that_is_dead(cache, tmp_path):
    used_at(cache.put("a1", filler(100)), seconds_ago=1000)
    command = [sys.executable, "-c", USER, str(tmp_path / "cache")]
    user = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert user.stdout.readline() == b"ready\n"
    later = time.time() + 10
    assert cache.trim(0, unused_since=later) == 0
    user.communicate()
    assert cache.trim(0, unused_since=later) == ENTRY_BYTES
    assert not list((tmp_path / "cache").glob(".in-use-*"))


def test_leftovers_of_the_dead_are_removed_after_a_day(cache, tmp_path):
    cache.put("a1", filler(1))
    old, young = tmp_path / "cache" / ".filling-old", tmp_path / "cache" / ".filling-young"
    for folder in (old, young):
        folder.mkdir()
    used_at(old, seconds_ago=100_000)
    cache.trim(1000)
    assert not old.exists()
    assert young.exists()


def test_an_absent_cache_has_nothing_to_trim(cache):
    assert cache.trim(0) == 0


@pytest.mark.parametrize("key", ["", "../a", ".hidden", "a/b"])
def test_a_key_is_no_path(cache, key):
    with pytest.raises(ValueError, match="letters and digits"):
        cache.get(key)


def flip(path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


DAMAGE = {
    "a changed byte": flip,
    "a cut file": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "an empty file": lambda path: path.write_bytes(b""),
    "a missing file": lambda path: path.unlink(),
    "one file more": lambda path: path.with_name("more").write_bytes(b"x"),
}
FILES = ("model.onnx", "step.json", "predictions.npz", "weights.safetensors", "parts/figures.json", ".sha256.json")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_entry_is_made_anew(cache, tmp_path, file, damage):
    def fill(folder):
        (folder / "parts").mkdir()
        for name in FILES[:-1]:
            (folder / name).write_bytes(f"the bytes of {name}".encode())

    entry = cache.put("a1", fill)
    damage(entry / file)
    assert cache.get("a1") is None
    assert not entry.exists()
    assert cache.put("a1", fill) == cache.get("a1") == entry
    assert (entry / FILES[0]).read_bytes() == b"the bytes of model.onnx"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["a1"]


def test_what_is_no_marker_and_no_lock_keeps_nobody_from_trimming(tmp_path):
    """A job that was taken over by a hostile file may write into the cache."""
    cache = Cache(tmp_path / "cache")
    cache.put("a", lambda folder: (folder / "file").write_bytes(b"x"))
    for name in (".in-use-x", ".in-use-1.5-a", ".trim.lock"):
        (tmp_path / "cache" / name).mkdir()
    assert cache.trim(0) > 0
    assert cache.get("a") is None
