"""The published ImageNet top-1 of the shortlist's weights, from the file of scripts/make_published.py.

Its first lines name the source, commit and date. A figure is valid for its weights and image size; other figures are
not known.
"""

import csv
import functools
from pathlib import Path

from engine.catalogue.shortlist import shortlist_row
from engine.results import Published

PUBLISHED = Path(__file__).parent / "published.csv"
COLUMNS = ("name", "tag", "img_size", "top1")


def published(name: str, img_size: int) -> Published | None:
    """The figure at the size nearest to `img_size`, or None where none is known.

    It is that of the tag in the name (resnet18.a2_in1k) where that is known, else of the shortlist's tag for the
    architecture.
    """
    architecture, _, tag = name.partition(".")
    shortlisted = shortlist_row(architecture)
    candidates = figures().get(architecture, ())
    matching = [figure for figure in candidates if figure.tag == tag] or [
        figure for figure in candidates if shortlisted is not None and figure.tag == shortlisted.tag
    ]
    return min(matching, key=lambda figure: (abs(figure.img_size - img_size), figure.img_size), default=None)


@functools.cache
def figures() -> dict[str, tuple[Published, ...]]:
    """All figures by architecture."""
    by_architecture: dict[str, tuple[Published, ...]] = {}
    with PUBLISHED.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(line for line in stream if not line.startswith("#")):
            figure = Published(tag=row["tag"], img_size=int(row["img_size"]), top1=round(float(row["top1"]) / 100, 5))
            by_architecture[row["name"]] = (*by_architecture.get(row["name"], ()), figure)
    return by_architecture
