import sys

from engine.system.check import check_home


def test_it_says_what_jobs_are_not_kept_from(home):
    items = {item.name: item for item in check_home(home, (sys.executable, "-c", "pass"))}
    assert not items["runtimes"].ok  # the stand-in for the runner does nothing
    for word in ("environment", "memory", "not kept from the network", "other files"):
        assert word in items["sandbox"].found
    assert "container" in items["sandbox"].next
