"""The catalogue of timm architectures: the reader of a file that scripts/make_catalogue.py builds.

Parameters and MACs are those of inference: after timm's reparameterize_model, at the architecture's own input size.
MACs are the multiply-adds of convolutions and matrix products (attention included) that depend on the image.
"""

import csv
import difflib
import functools
from pathlib import Path

from engine.results import CatalogueEntry

CATALOGUE = Path(__file__).parent / "timm.csv"
COLUMNS = ("name", "family", "parameters", "macs", "input_size", "pretrained_tags")


def search(text: str = "", limit: int | None = None) -> tuple[CatalogueEntry, ...]:
    """Architectures whose name, family or tags hold every word of `text`; names that begin with it come first.

    At most `limit`, sorted by name. Without words: the cheapest first, those without weights last.
    """
    terms = text.lower().split()
    if not terms:
        return tuple(sorted(entries().values(), key=_cost)[:limit])
    matches = [entry for entry in entries().values() if all(term in _haystack(entry) for term in terms)]
    matches.sort(key=lambda entry: (not entry.name.startswith(text.lower().strip()), entry.name))
    return tuple(matches[:limit])


def entry(name: str) -> CatalogueEntry | None:
    """The architecture of this name, with or without a pretrained tag (resnet18.a1_in1k), or None."""
    return entries().get(name.partition(".")[0])


def closest(name: str, n: int = 3) -> tuple[str, ...]:
    """The `n` names most like this one, best first."""
    return tuple(difflib.get_close_matches(name.lower(), list(entries()), n, cutoff=0.0))


@functools.cache
def entries() -> dict[str, CatalogueEntry]:
    """All architectures by name."""
    with CATALOGUE.open(newline="", encoding="utf-8") as stream:
        return {row["name"]: _entry(row) for row in csv.DictReader(stream)}


def to_row(entry: CatalogueEntry) -> list[str]:
    """An entry as a row of the file: sizes joined by x, tags by spaces."""
    return [
        entry.name,
        entry.family,
        str(entry.parameters),
        str(entry.macs),
        "x".join(map(str, entry.input_size)),
        " ".join(entry.pretrained_tags),
    ]


def _entry(row: dict[str, str]) -> CatalogueEntry:
    channels, height, width = map(int, row["input_size"].split("x"))
    return CatalogueEntry(
        name=row["name"],
        family=row["family"],
        parameters=int(row["parameters"]),
        macs=int(row["macs"]),
        input_size=(channels, height, width),
        pretrained_tags=tuple(row["pretrained_tags"].split()),
    )


def _cost(entry: CatalogueEntry) -> tuple[bool, bool, int]:
    """The sort key of the whole catalogue; timm's test networks come after all others that have weights."""
    return not entry.pretrained_tags, entry.name.startswith("test_"), entry.macs


def _haystack(entry: CatalogueEntry) -> str:
    return " ".join((entry.name, entry.family, *entry.pretrained_tags)).lower()
