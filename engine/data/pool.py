"""All images of a source, before they are split."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.results import Note

SplitName = Literal["train", "calibration", "evaluation", "holdout"]
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "calibration", "evaluation", "holdout")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """`read(index)` gives the raw image; `hashes` are of its content; `labels` (N,) int64 index `classes`.

    `rows` is set where the source itself defines the splits.
    """

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...] | None
    read: Callable[[int], Image.Image]
    rows: Mapping[SplitName, NDArray[np.int64]] | None = None
    skipped: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def names(self) -> NDArray[np.str_] | None:
        """The label of every image by name (N,), which does not depend on the order of the classes."""
        return None if self.labels is None or self.classes is None else np.array(self.classes)[self.labels]


def digest(value: object) -> str:
    """SHA-256 (hex) of a plain value."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
