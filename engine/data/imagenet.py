"""The 1,000 classes of ImageNet in the order of a network's outputs, from the lists that timm ships."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

N_CLASSES = 1000
_SYNSETS, _LEMMAS = "imagenet_synsets.txt", "imagenet_synset_to_lemma.txt"


@cache
def synsets() -> tuple[str, ...]:
    """The WordNet id of every output, as n01440764."""
    return tuple(_lines(_SYNSETS))


@cache
def class_names() -> tuple[str, ...]:
    """The names of every output, WordNet's synonyms with commas between them: "tench, Tinca tinca".

    Two outputs are called "crane", so an id stands after a name that an earlier output has.
    """
    lemmas = dict(line.split("\t", 1) for line in _lines(_LEMMAS))
    names: dict[str, str] = {}
    for synset in synsets():
        name = lemmas[synset]
        names[name if name not in names else f"{name}, {synset}"] = synset
    return tuple(names)


def _lines(name: str) -> list[str]:
    """The lines of one of timm's files. timm itself is not imported: that loads torch, in every process that decodes.

    Raises ModuleNotFoundError where timm is not installed.
    """
    spec = find_spec("timm")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("timm, whose files name ImageNet's classes, is not installed")
    return Path(spec.submodule_search_locations[0], "data", "_info", name).read_text(encoding="utf-8").splitlines()
