"""Writes the tables of docs/ on pruning, races and presets as files that ship with the engine, so that both agree.

    python -m scripts.make_measured

Run it after a table in docs/pruning.md or docs/race.md has changed.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine import catalogue
from engine.catalogue.measured import PRESETS, PRUNINGS, RACES

DOCS = Path(__file__).parents[1] / "docs"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Table(NamedTuple):
    """A file to write: its documents in docs/, its first lines, its columns, and a function that makes its rows."""

    documents: tuple[str, ...]
    source: str
    columns: str
    rows: Callable[[str], Iterator[tuple[str, ...]]]


def pruned_rows(text: str) -> Iterator[tuple[str, ...]]:
    """Rows on every network that docs/pruning.md says was pruned."""
    for family, name, size, macs, parameters, at_50, at_30, _ in _table(text, "family | architecture | px"):
        yield name, family, size, macs, parameters, *_interval(at_50), *_interval(at_30)


def race_rows(text: str) -> Iterator[tuple[str, ...]]:
    """Rows on every network of a document of races, with the catalogue's family.

    Raises KeyError for a network that is unknown to it.
    """
    top1 = {
        (name, method.partition(":")[0]): share.rstrip("%")
        for name, method, _, _, _, _, share, *_ in _table(text, "network | method")
    }
    for name, _, winner, times, *_ in _table(text, "network | family"):
        yield (
            name,
            catalogue.entries()[name].family,
            _cpu(text, name),
            winner,
            *_interval(times),
            top1[name, "FP32"],
            top1[name, "**ours**"],
        )


def preset_rows(text: str) -> Iterator[tuple[str, ...]]:
    """Rows on every preset that docs/pruning.md has for the sample, and on the sample itself."""
    for preset, size, top1, _, share, _ in _table(text, "preset | MB"):
        yield re.findall(r"\w+", preset)[0].lower(), size, NUMBER.findall(top1)[0], *_interval(share)


TABLES = {
    PRUNINGS: Table(
        ("pruning.md",),
        """\
# What channel pruning leaves of timm architectures: MACs and parameters are divided by this at a ratio of 0.5; latency
# is the share that is left at 0.5 (at_50) and at 0.3 (at_30), with its 95 % interval
# docs/pruning.md, November 2026: random weights, onnxruntime, batch 1, 2 threads, two cores of an AMD EPYC with
# AVX512-VNNI
""",
        "name family img_size macs parameters at_50 at_50_low at_50_high at_30 at_30_low at_30_high",
        pruned_rows,
    ),
    RACES: Table(
        ("race.md", "race-avx2.md"),
        """\
# What races of ways to quantize ended in: times as fast as FP32 in onnxruntime, with the 95 % interval; top-1 in %
# November 2026: trained on digits, 224 or 256 px, batch 1, two cores of an AMD EPYC: with AVX512-VNNI and AVX512-BF16
# (VNNI; docs/race.md, 360 images, onnxruntime 1.32.0 and OpenVINO 2026.4.1), with AVX2 and no VNNI (AVX2;
# docs/race-avx2.md, 539 images, onnxruntime 1.32.0)
""",
        "name family cpu winner times low high top1_fp32 top1",
        race_rows,
    ),
    PRESETS: Table(
        ("pruning.md",),
        """\
# What the presets make of the sample: size, top-1 in % of 360 images, the share of its latency that is left, with its
# 95 % interval
# docs/pruning.md, November 2026: onnxruntime, batch 1, 2 threads, two cores of an AMD EPYC with AVX512-VNNI
""",
        "preset size_mb top1 share low high",
        preset_rows,
    ),
}


def content_of(path: Path) -> str:
    """The content of one of the files, from the tables in docs/."""
    table, out = TABLES[path], io.StringIO()
    out.write(table.source)
    rows = [row for name in table.documents for row in table.rows((DOCS / name).read_text(encoding="utf-8"))]
    csv.writer(out, lineterminator="\n").writerows([table.columns.split(), *rows])
    return out.getvalue()


def _table(text: str, head: str) -> Iterator[list[str]]:
    """The cells of the Markdown table whose first line begins with `head`. Raises ValueError where there is none."""
    for line in text[text.index(f"| {head}") :].splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _interval(cell: str) -> tuple[str, str, str]:
    """A figure and its interval, which begins and ends with the figure where the cell has none."""
    value, low, high = (NUMBER.findall(cell) * 3)[:3]
    return value, low, high


def _cpu(text: str, name: str) -> str:
    """VNNI or AVX2, from the list of machines, each with the networks that were raced on it."""
    machines = (line for line in text.splitlines() if line.startswith("- "))
    line = next(line for line in machines if name in re.findall(r"\w+", line.partition(":")[0]))
    return "VNNI" if "vnni" in line else "AVX2"


if __name__ == "__main__":
    for path in TABLES:
        path.write_text(content_of(path), encoding="utf-8")
