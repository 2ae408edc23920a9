"""What docs/ has measured, as the files that ship have it, and who is looked up for whom."""

import re
from pathlib import Path

import pytest

from engine import catalogue
from engine.catalogue.measured import (
    CPUS,
    QAT,
    Speedup,
    find_pruning,
    find_race,
    of_shares,
    preset_runs,
    pruning_rows,
    race_rows,
    race_summary,
)
from engine.planning.presets import RATIO
from engine.results import times_as_fast
from scripts import make_measured
from scripts.make_measured import TABLES, content_of

DOCS = Path(__file__).parents[2] / "docs"
FILES = pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)


@FILES
def test_the_files_that_ship_say_what_docs_has(path):
    assert path.read_text(encoding="utf-8") == content_of(path)


@FILES
def test_every_figure_of_a_table_is_in_its_file(path, monkeypatch, tmp_path):
    """So that a figure that changes in docs/ is noticed: each number in brackets is one end of an interval."""
    for document in TABLES[path].documents:
        text = (DOCS / document).read_text(encoding="utf-8")
        (tmp_path / document).write_text(re.sub(r"(\d+\.\d+)( to \d)", r"0.001\2", text), encoding="utf-8")
    monkeypatch.setattr(make_measured, "DOCS", tmp_path)
    assert content_of(path) != path.read_text(encoding="utf-8")
    assert content_of(path).count("0.001") >= content_of(path).count("\n") - 8


def test_a_table_that_is_gone_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "pruning.md").write_text("# Pruning\n")
    monkeypatch.setattr(make_measured, "DOCS", tmp_path)
    for path in TABLES:
        with pytest.raises((ValueError, OSError)):
            content_of(path)


def test_every_row_is_of_the_catalogue_and_every_figure_lies_in_its_interval():
    for row in (*pruning_rows(), *race_rows()):
        assert catalogue.entry(row.name).family == row.family
    found = [speed for row in pruning_rows() for speed in (row.at_50_percent, row.at_30_percent)]
    found += [row.speedup for row in race_rows()] + [run.speedup for run in preset_runs().values()]
    assert all(0 < speed.low <= speed.times <= speed.high for speed in found)
    assert (len(pruning_rows()), len(race_rows()), len(preset_runs())) == (50, 16, 4)


def test_a_share_of_the_latency_becomes_times_as_fast():
    assert of_shares(0.5, 0.4, 0.8) == Speedup(2.0, 1.25, 2.5)
    assert times_as_fast(find_pruning("resnet18.a1_in1k").at_30_percent) == "1.79 times as fast (1.75 to 1.82)"
    assert times_as_fast(find_race("resnet18", "VNNI").speedup, "FP32") == "3.59 times as fast as FP32 (3.41 to 3.77)"
    assert (Speedup(1.1, 1.0, 1.2).surely_faster, Speedup(1.1, 1.01, 1.2).surely_faster) == (False, True)


@pytest.mark.parametrize(("name", "found"), [
    ("resnet18.a2_in1k", "resnet18"), ("resnet34", "resnet50"), ("resnet14t", "resnet10t"), ("resnet152", "resnet50"),
    ("convnext_atto", "convnext_atto"), ("convnextv2_atto", "convnextv2_atto"),
    ("vit_base_patch16_224", "vit_tiny_patch16_224"), ("eva02_tiny_patch14_224", None), ("resnet1o", None), ("", None),
])  # fmt: skip
def test_what_was_pruned_is_looked_up_by_architecture_else_by_family_and_macs(name, found):
    row = find_pruning(name)
    assert (row and row.name) == found


@pytest.mark.parametrize(("name", "cpu", "found"), [
    ("resnet34", "VNNI", "resnet18"), ("resnet34", "AVX2", None),
    ("tf_efficientnet_lite0.in1k", "VNNI", "tf_efficientnet_lite0"),
    ("efficientnet_b0", "VNNI", "efficientnet_b0"), ("mobilenetv3_small_100", "AVX2", "mobilenetv4_conv_small"),
    ("mobilenetv3_large_075", "AVX2", "mobilenetv4_conv_small"), ("mobilenetv3_large_100.ra_in1k", "AVX2",
                                                                  "mobilenetv3_large_100"),
])  # fmt: skip
def test_a_race_is_looked_up_by_the_kind_of_cpu_too(name, cpu, found):
    row = find_race(name, cpu)
    assert (row and row.name) == found
    assert row is None or row.cpu == cpu


def test_top1_is_of_the_network_before_and_after():
    row = find_race("repvgg_a0", "VNNI")
    assert (row.winner, row.top1_fp32, row.top1) == ("Static INT8, equalized, onnxruntime", 0.9444, 0.9472)
    assert (preset_runs()["smallest"].size_mb, preset_runs()["smallest"].top1) == (0.42, 0.9972)


def test_the_range_of_all_races_on_a_cpu():
    assert race_summary("VNNI") == f"Races made 12 networks 1.00 to 3.59 times as fast as FP32 on {CPUS['VNNI']}"
    assert "1.00 to 1.56" in race_summary("AVX2")


def test_the_ratio_of_the_presets_is_one_that_was_measured():
    assert f"latency at {RATIO:g}, share" in (DOCS / "pruning.md").read_text()


def test_what_training_won_back_is_what_the_log_says():
    text = " ".join((DOCS / "log.md").read_text().split())
    said = text[text.index("**qat beside the static file, by its bench.**") :]
    assert f"bench.qat FOLDER {QAT.name}" in said
    points = (f"{top1 * 100:.1f} %" for top1 in (QAT.top1_fp32, QAT.top1_static, QAT.top1))
    shares = (
        f"{1 / QAT.static.times:.2f} of FP32's",
        f"({1 / QAT.static.high:.2f} to {1 / QAT.static.low:.2f})",
        f"at {1 / QAT.speedup.times:.2f} ({1 / QAT.speedup.high:.2f} to {1 / QAT.speedup.low:.2f})",
    )
    assert [one for one in (*points, *shares) if one not in said[:600]] == []


def test_the_machines_are_those_of_docs():
    assert CPUS["VNNI"] in " ".join((DOCS / "pruning.md").read_text().split())
    assert "2 cores of AMD EPYC (avx, avx2)," in (DOCS / "race-avx2.md").read_text()
    assert re.search(r"2 cores of AMD EPYC \([^)]*avx512_vnni", (DOCS / "race.md").read_text())
