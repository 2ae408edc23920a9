"""Published images per second of timm's architectures on other hardware, from the file of scripts/make_throughput.py.

Its first lines name the source, commit and date. Batches are those of a server, up to 1,024 images on the cards: for
one image at a time the figures are upper bounds.
"""

import csv
import functools
import math
from pathlib import Path

from engine.results.machine import PublishedThroughput

THROUGHPUT = Path(__file__).parent / "throughput.csv"
DEVICES = {
    "rtx5090": "NVIDIA RTX 5090, 16-bit (AMP)",
    "rtx4090": "NVIDIA RTX 4090, 16-bit (AMP)",
    "rtx3090": "NVIDIA RTX 3090, 16-bit (AMP)",
    "i7_12700h": "Intel Core i7-12700H, FP32 (torch.compile)",
}
"""By the column of the file: what was measured, and in what."""
THROUGHPUT_SOURCE = "huggingface/pytorch-image-models (Apache-2.0), results/, commit aa4b5850 of August 2026"
COLUMNS = ("name", "img_size", "gmacs", *DEVICES)


def published_throughput(name: str) -> PublishedThroughput | None:
    """The figures of an architecture, with or without a pretrained tag in its name; None where there are none."""
    return figures().get(name.partition(".")[0])


def nearest_throughput(macs: int) -> PublishedThroughput:
    """The figures of the architecture whose multiply-adds are nearest, by their ratio, of those with every device."""
    complete = (one for one in figures().values() if len(one.images_per_s) == len(DEVICES))
    return min(complete, key=lambda one: (abs(math.log(one.gmacs * 1e9 / max(macs, 1))), one.name))


def throughput_names() -> tuple[str, ...]:
    """The architectures that have figures, sorted."""
    return tuple(sorted(figures()))


@functools.cache
def figures() -> dict[str, PublishedThroughput]:
    """All figures by architecture."""
    with THROUGHPUT.open(newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        return {row["name"]: _figures(row) for row in rows}


def _figures(row: dict[str, str]) -> PublishedThroughput:
    return PublishedThroughput(
        name=row["name"],
        img_size=int(row["img_size"]),
        gmacs=float(row["gmacs"]),
        images_per_s={device: float(row[device]) for device in DEVICES if row[device]},
    )
