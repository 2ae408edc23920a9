import sys

from engine.system import protections as module
from engine.system.check import check_home
from engine.system.protections import protections

NOTHING = (sys.executable, "-c", "pass")


def test_it_says_what_jobs_are_kept_from(home):
    items = {item.name: item for item in check_home(home, NOTHING)}
    assert not items["runtimes"].ok  # the stand-in for the runner does nothing
    for one in protections():
        item = items[f"jobs: {one.name}"]
        assert item.ok == one.in_force
        assert one.meaning in item.found
        assert one.means in item.found


def test_a_missing_protection_is_wrong_and_says_what_to_do(home, monkeypatch):
    monkeypatch.setattr(module, "landlock_abi", lambda: 0)
    protections.cache_clear()
    files = next(item for item in check_home(home, NOTHING) if item.name == "jobs: files")
    protections.cache_clear()
    assert not files.ok
    assert "every file of the user" in files.found
    assert "container" in files.next
