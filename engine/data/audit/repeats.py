"""Images that occur more than once: leaks between splits, and copies elsewhere."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.data.audit.images import AuditedImage
from engine.data.copies import TUNING
from engine.data.likeness import NONE, Likeness, nearest, nearest_before
from engine.results.audit import CheckName


class Repeat(NamedTuple):
    """An image, by its index, that is a copy of another one."""

    check: CheckName
    row: int
    other: int


def repeats(images: Sequence[AuditedImage], likeness: Likeness) -> list[Repeat]:
    """Every image that is a copy of one before it, once: as a leak where it judges and the other trains or calibrates.

    Byte for byte comes before by look. `images` are in the order of `audited_images`, those that judge after those that
    train or calibrate.
    """
    n_tuning = sum(image.split in TUNING for image in images)
    earlier = nearest_before(likeness)
    leaked = np.full(len(images), NONE, np.int64)
    rows = np.arange(len(images))
    leaked[n_tuning:] = nearest(likeness.take(rows[n_tuning:]), likeness.take(rows[:n_tuning]))
    first: dict[str, int] = {}
    found = []
    for row, image in enumerate(images):
        same = first.setdefault(image.sha256, row)
        repeat = _repeat(row, same if same != row else NONE, int(leaked[row]), int(earlier[row]), n_tuning)
        if repeat is not None:
            found.append(repeat)
    return found


def _repeat(row: int, same: int, leaked: int, earlier: int, n_tuning: int) -> Repeat | None:
    """What the image is a copy of: `same` has its bytes, `leaked` and `earlier` look the same; NONE for none."""
    judges = row >= n_tuning
    if judges and same != NONE and same < n_tuning:
        return Repeat("leak", row, same)
    if judges and leaked != NONE:
        return Repeat("near_leak", row, leaked)
    if same != NONE:
        return Repeat("duplicate", row, same)
    return Repeat("near_duplicate", row, earlier) if earlier != NONE else None
