"""Writes the published ImageNet top-1 of the shortlist, a file that ships with the engine, from timm's own table.

    python -m scripts.make_published results-imagenet.csv

`results-imagenet.csv` lies in the folder `results` of https://github.com/huggingface/pytorch-image-models.
"""

import csv
import sys
from pathlib import Path

from engine.catalogue.published import COLUMNS, PUBLISHED
from engine.catalogue.shortlist import SHORTLIST

SOURCE = (
    "# ImageNet-1k top-1, % of the validation images, of pretrained weights at an image size",
    "# from huggingface/pytorch-image-models (Apache-2.0), results/results-imagenet.csv",
    "# commit aa4b5850 of August 2026; the table last changed in 4e5207c7 of October 2025",
)


def rows(table: Path) -> list[tuple[str, str, str, str]]:
    """(name, tag, image size, top-1) of every pretrained tag of the shortlist that the table has, sorted.

    Figures stay as they are written there. Raises KeyError where a column is missing.
    """
    names = {row.name for row in SHORTLIST}
    with table.open(newline="", encoding="utf-8") as stream:
        table_rows = [(row["model"].partition("."), row["img_size"], row["top1"]) for row in csv.DictReader(stream)]
    figures = {(name, tag, size, top1) for (name, _, tag), size, top1 in table_rows if name in names}
    return sorted(figures, key=lambda row: (row[0], row[1], int(row[2])))


def write(table: Path, path: Path) -> int:
    """Write the file and return how many figures it has."""
    figures = rows(table)
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in SOURCE))
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *figures])
    return len(figures)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]), PUBLISHED)} figures in {PUBLISHED.name}")
