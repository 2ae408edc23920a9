import pytest

from engine.system import protections as module
from engine.system.protections import protections


@pytest.fixture
def machine(monkeypatch):
    """Says what this machine offers, in place of the kernel."""

    def offers(abi: int, *, has_filter: bool) -> dict[str, object]:
        monkeypatch.setattr(module, "landlock_abi", lambda: abi)
        monkeypatch.setattr(module.seccomp, "is_available", lambda: has_filter)
        protections.cache_clear()
        return {one.name: one for one in protections()}

    yield offers
    protections.cache_clear()


def test_with_all_of_it_nothing_is_missing(machine):
    found = machine(7, has_filter=True)
    assert set(found) == {"files", "network", "processes", "memory", "file sizes", "environment"}
    assert all(one.in_force for one in found.values())
    assert "7" in found["files"].means


@pytest.mark.parametrize(
    ("abi", "has_filter", "missing"),
    [
        (0, True, {"files"}),
        (1, True, {"files"}),
        (0, False, {"files", "network", "processes"}),
        (3, False, {"network", "processes"}),
        (4, False, {"processes"}),
    ],
)
def test_what_is_missing_says_what_that_means(machine, abi, has_filter, missing):
    found = machine(abi, has_filter=has_filter)
    assert {name for name, one in found.items() if not one.in_force} == missing
    assert all("could" in found[name].meaning or "can" in found[name].meaning for name in missing)


def test_what_is_in_force_in_part_says_so(machine):
    assert "emptying files" in machine(2, has_filter=True)["files"].meaning
    assert "datagrams" in machine(4, has_filter=False)["network"].meaning
