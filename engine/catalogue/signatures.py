"""Which timm architectures a checkpoint may be of, by the names and shapes of its tensors.

The signatures of all architectures stand in a file that scripts/make_signatures.py builds. A signature leaves out what
a training changes: the head, the number of image channels, and counters. The architectures of one signature differ in
what no tensor tells (strides, activations, the input size of a convolutional network), so that a person has to choose.
"""

import csv
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from engine.catalogue import entries

SIGNATURES = Path(__file__).parent / "signatures.csv"
COLUMNS = ("name", "signature")
COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")
"""The last part of the names of tensors that count and weigh nothing: BatchNorm's, SWA's, and those that the thop
profiler leaves."""

_HEADS = ("aux_head", "classif", "classifier", "fc", "head", "head_dist", "heads", "heads_dist", "last_linear")
"""The first parts of the names of heads: those that the `classifier` of timm's configurations has."""
_LENGTH = 16


def signature(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """16 hex digits of the names and shapes of a state dict's tensors, but for its head, channels and counters."""
    body = [
        (name, _any_channels(shape))
        for name, shape in sorted(shapes.items())
        if name.partition(".")[0] not in _HEADS and name.rpartition(".")[2] not in COUNTERS
    ]
    return hashlib.sha256(repr(body).encode()).hexdigest()[:_LENGTH]


def candidates(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The architectures of the same signature, those with pretrained weights first, then the shortest names."""
    names = _by_signature().get(signature(shapes), ())
    return tuple(sorted(names, key=lambda name: (not entries()[name].pretrained_tags, len(name), name)))


@functools.cache
def _by_signature() -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    with SIGNATURES.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            groups[row["signature"]] = (*groups.get(row["signature"], ()), row["name"])
    return groups


def _any_channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, with 3 channels in place of 1, which a first convolution may have been fitted to."""
    return (shape[0], 3, *shape[2:]) if len(shape) == 4 and shape[1] == 1 else tuple(shape)
