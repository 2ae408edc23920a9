"""The tables in the docs against what is refused; and, slowly, every network of the bench cut, exported and timed."""

import re
from pathlib import Path

import pytest

from bench.prune import NETWORKS, build, measure
from engine import catalogue
from engine.catalogue.prunable import RESISTS, TOO_SLOW, narrower, resists

DOCS = Path(__file__).parents[3] / "docs" / "pruning.md"


def cells() -> list[list[str]]:
    """The rows of all tables of the page."""
    lines = re.findall(r"^\| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    return [row for line in lines if (row := line.split(" | "))[0] not in ("family", "---")]


def test_none_that_can_be_pruned_is_refused_and_the_others_are():
    assert [name for _, name, *rest in cells() if len(rest) > 1 and resists(name)] == []
    assert [name for _, name, *rest in cells() if len(rest) == 1 and not resists(name)] == []


def test_forty_architectures_of_fifteen_families_and_more_are_smaller_and_faster():
    """By the table's own figures; the slow test below makes them anew."""
    timed = [row for row in cells() if len(row) == 8]
    gained = [row for row in timed if float(row[3]) > 1.3 and _interval(row[5])[1] < 1 and _not_slower(row[6])]
    assert len(gained) >= 40
    assert len({row[0] for row in gained}) >= 15
    assert {row[1] for row in timed} == {name for name in NETWORKS if not resists(name)}


def _interval(cell: str) -> tuple[float, float]:
    low, high = re.search(r"\(([\d.]+) to ([\d.]+)\)", cell).groups()
    return float(low), float(high)


def _not_slower(cell: str) -> bool:
    return float(cell.split()[0]) <= 1.02 and _interval(cell)[0] <= 1


def test_what_is_refused_is_in_the_catalogue():
    known = {
        name
        for entry in catalogue.entries().values()
        for name in (entry.name, entry.family, entry.name.partition("_")[0])
    }
    assert set(RESISTS) <= known


@pytest.mark.parametrize(
    "name", ["coatnet_0_rw_224", "test_coatnet", "xcit_nano_12_p16_224", "mvitv2_tiny.fb_in1k", "efficientvit_m0"]
)
def test_what_would_take_minutes_is_refused_by_name(name):
    assert resists(name) == TOO_SLOW


def test_a_family_is_not_refused_for_one_series_of_it():
    assert catalogue.entry("maxvit_tiny_tf_224").family == catalogue.entry("coatnet_0_rw_224").family
    assert resists("maxvit_tiny_tf_224") is None


def test_a_narrower_network_of_the_family_is_advised():
    sibling = narrower("resnet50.a1_in1k")
    assert sibling.family == "resnet"
    assert sibling.macs <= catalogue.entry("resnet50").macs / 2
    assert narrower("resnet10t") is None or narrower("resnet10t").macs < catalogue.entry("resnet10t").macs
    assert narrower("no such network") is None


def is_faster(timed) -> bool:
    """A disturbed host makes a network surely slower in some sittings; one that is slower is so in all of them."""
    return timed["half"]["high"] < 1 and timed["third"]["low"] <= 1 and timed["third"]["ratio"] <= 1.02


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NETWORKS if not resists(name)])
def test_it_runs_is_exported_and_is_faster(name, tmp_path):
    found = build(tmp_path, name)
    assert "error" not in found, found["error"]
    assert found["half"]["macs"] < 0.75 * found["base"]["macs"]
    assert found["third"]["macs"] < 0.95 * found["base"]["macs"]
    assert any(is_faster(measure(tmp_path)) for _ in range(3)), (tmp_path / "timed.json").read_text()
