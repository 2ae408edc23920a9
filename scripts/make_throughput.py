"""Writes the published images per second of timm's architectures, a file that ships with the engine.

    python -m scripts.make_throughput FOLDER

FOLDER is `results` of https://github.com/huggingface/pytorch-image-models, with its tables of inference benchmarks.
"""

import csv
import sys
from pathlib import Path

from engine import catalogue
from engine.catalogue.throughput import COLUMNS, DEVICES, THROUGHPUT, THROUGHPUT_SOURCE

HEAD = (
    f"# images per second of inference, from {THROUGHPUT_SOURCE}",
    "# RTX 3090 and 4090: PyTorch 2.4, CUDA 12.4; RTX 5090: PyTorch 2.9, CUDA 13.0; channels-first, AMP, in batches",
    "# of up to 1,024 images; Core i7-12700H: PyTorch 2.4, FP32, torch.compile, one image a call",
)
FILES = {
    "rtx5090": "benchmark-infer-amp-nchw-pt291-cu130-5090.csv",
    "rtx4090": "benchmark-infer-amp-nchw-pt240-cu124-rtx4090.csv",
    "rtx3090": "benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv",
    "i7_12700h": "benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv",
}
"""The table of each device, in this folder of theirs."""

Row = tuple[str, ...]


def rows(folder: Path) -> list[Row]:
    """A row for every architecture of the catalogue that some table has, sorted; figures as they are written there.

    Of the sizes that all tables share that have the architecture, else of all sizes, the one nearest to its own in the
    catalogue counts; a device without a figure at it stays empty. Raises KeyError where a column is missing.
    """
    tables = {device: _table(folder / name) for device, name in FILES.items()}
    names = sorted({name for table in tables.values() for name, _ in table if catalogue.entry(name) is not None})
    return [_row(name, tables) for name in names]


Table = dict[tuple[str, int], dict[str, str]]


def _table(path: Path) -> Table:
    """The rows of a table by architecture and image size, without those that name no multiply-adds."""
    with path.open(newline="", encoding="utf-8") as stream:
        table_rows = [row for row in csv.DictReader(stream) if row["infer_gmacs"]]
    return {(row["model"], int(row["infer_img_size"])): row for row in table_rows}


def _row(name: str, tables: dict[str, Table]) -> Row:
    sizes = [{size for one, size in table if one == name} for table in tables.values()]
    present = [group for group in sizes if group]
    entry = catalogue.entry(name)
    own_size = entry.input_size[1] if entry is not None else 0
    img_size = min(set.intersection(*present) or set.union(*present), key=lambda size: (abs(size - own_size), size))
    found = {device: table.get((name, img_size)) for device, table in tables.items()}
    macs = next(row["infer_gmacs"] for row in found.values() if row is not None)
    rates = (row["infer_samples_per_sec"] if row is not None else "" for row in (found[device] for device in DEVICES))
    return (name, str(img_size), macs, *rates)


def write(folder: Path, path: Path) -> int:
    """Write the file and return how many architectures it has."""
    figures = rows(folder)
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in HEAD))
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *figures])
    return len(figures)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]), THROUGHPUT)} architectures in {THROUGHPUT.name}")
