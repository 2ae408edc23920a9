"""The published ImageNet top-1 of the shortlist's pretrained weights: a file built by scripts/make_published.py.

Its first lines name its source, commit and date. A figure belongs to its weights and to the image size that it was
taken at; what is not in the file is not known.
"""

import csv
import functools
from pathlib import Path

from engine.catalogue.shortlist import listed
from engine.results import Published

PUBLISHED = Path(__file__).parent / "published.csv"
COLUMNS = ("name", "tag", "img_size", "top1")


def published(name: str, img_size: int) -> Published | None:
    """The figure at the size nearest to `img_size`, or None where none is known.

    Of the tag in the name (resnet18.a2_in1k) where its figure is known; else of the tag that the shortlist has for the
    architecture.
    """
    architecture, _, tag = name.partition(".")
    row = listed(architecture)
    known = figures().get(architecture, ())
    own = [one for one in known if one.tag == tag] or [one for one in known if row is not None and one.tag == row.tag]
    return min(own, key=lambda one: (abs(one.img_size - img_size), one.img_size), default=None)


@functools.cache
def figures() -> dict[str, tuple[Published, ...]]:
    """All figures by architecture."""
    found: dict[str, tuple[Published, ...]] = {}
    with PUBLISHED.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(line for line in stream if not line.startswith("#")):
            one = Published(tag=row["tag"], img_size=int(row["img_size"]), top1=round(float(row["top1"]) / 100, 5))
            found[row["name"]] = (*found.get(row["name"], ()), one)
    return found
