"""Which image is used for what: seeded, stratified where the classes are large enough, never overlapping."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.data.pool import SPLIT_NAMES, SplitName
from engine.errors import DataError
from engine.settings import Split
from engine.wording import percent

STRATIFIED_FROM = 10
Rows = NDArray[np.int64]
Labels = NDArray[np.int64] | NDArray[np.str_]


def assign(labels: Labels | None, count: int, split: Split, seed: int, *, merge_train: bool) -> dict[SplitName, Rows]:
    """Rows of `count` images by split; with `merge_train` the train share joins evaluation.

    Raises DataError where no image is left for evaluation.
    """
    order = stratified_order(labels, count, np.random.default_rng(seed))
    shares = np.cumsum([getattr(split, name) for name in SPLIT_NAMES])
    cuts = np.rint(shares * count).astype(int)[:-1]
    rows: dict[SplitName, Rows] = dict(zip(SPLIT_NAMES, np.split(order, cuts), strict=True))
    if merge_train:
        rows["evaluation"] = np.concatenate([rows["evaluation"], rows["train"]])
        rows["train"] = rows["train"][:0]
    if len(rows["evaluation"]) == 0:
        raise DataError(
            f"there are too few images or examples ({count}): {percent(split.evaluation)} of them leave none for "
            "evaluation",
            "Add more, or raise the share for evaluation (split.evaluation)",
        )
    return rows


def complete_splits(
    folder_rows: Mapping[SplitName, Rows], labels: Labels | None, split: Split, seed: int
) -> dict[SplitName, Rows]:
    """The splits of the folders, shuffled; without calibration images, train gives its share of `split` to them."""
    rng = np.random.default_rng(seed)
    rows = {name: _shuffled_rows(folder_rows.get(name, np.empty(0, np.int64)), labels, rng) for name in SPLIT_NAMES}
    if len(rows["calibration"]) == 0 and split.calibration > 0:
        train = rows["train"]
        count = round(len(train) * split.calibration / (split.train + split.calibration))
        rows["calibration"], rows["train"] = train[:count], train[count:]
    return rows


def stratified_order(labels: Labels | None, count: int, rng: np.random.Generator) -> Rows:
    """A random order; where every class has at least STRATIFIED_FROM images, any range of it is stratified.

    Systematic sampling: the images of a class are spread evenly over the whole order, from a random start.
    """
    if labels is None or count == 0:
        return rng.permutation(count)
    _, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if sizes.min() < STRATIFIED_FROM:
        return rng.permutation(count)
    positions = np.empty(count)
    for index, size in enumerate(sizes):
        positions[rng.permutation(np.flatnonzero(classes == index))] = (np.arange(size) + rng.random()) / size
    return np.argsort(positions, kind="stable")


def _shuffled_rows(rows: Rows, labels: Labels | None, rng: np.random.Generator) -> Rows:
    return rows[stratified_order(None if labels is None else labels[rows], len(rows), rng)]
