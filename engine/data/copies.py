"""Leaks: images that judge a model and are copies of images for training or calibration."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from engine.data.likeness import NONE, Likeness, nearest, small_grey
from engine.data.parts import THREADS
from engine.data.pool import ImagePool, SplitName
from engine.data.splits import Rows
from engine.errors import DataError
from engine.results import Note, codes
from engine.settings.data import LeaveOut
from engine.wording import many

TUNING: tuple[SplitName, ...] = ("train", "calibration")
JUDGING: tuple[SplitName, ...] = ("evaluation", "holdout")


def without_copies(
    pool: ImagePool, rows: Mapping[SplitName, Rows], leave_out: LeaveOut
) -> tuple[dict[SplitName, Rows], tuple[Note, ...], int]:
    """The splits without the evaluation and holdout images that are copies of training or calibration images.

    With a note on them and their number. `near_duplicates` decodes every image of the splits once more. Raises
    DataError where no image is left for evaluation.
    """
    if leave_out == "nothing":
        return dict(rows), (), 0
    tuning = np.concatenate([rows[name] for name in TUNING])
    judging = np.concatenate([rows[name] for name in JUDGING])
    exact = same_bytes(pool.hashes, judging, tuning)
    near = _look_alikes(pool, judging, tuning) & ~exact if leave_out == "near_duplicates" else np.zeros_like(exact)
    copies = set(judging[exact | near].tolist())
    kept = {name: np.array([row for row in rows[name] if row not in copies], np.int64) for name in JUDGING}
    if len(kept["evaluation"]) == 0:
        raise DataError(
            f"all {many(len(rows['evaluation']), 'evaluation image')} are copies of images for training or "
            "calibration, so leaving them out leaves none to evaluate on",
            "Give other images for evaluation, or keep the copies (data.leave_out)",
        )
    n_each = {name: len(rows[name]) - len(kept[name]) for name in JUDGING}
    return {**rows, **kept}, _notes(n_each, int(near.sum())), len(copies)


def same_bytes(hashes: tuple[str, ...], rows: Rows, others: Rows) -> NDArray[np.bool_]:
    """(N,) which of `rows` have the content of one of `others`."""
    contents = {hashes[row] for row in others}
    return np.array([hashes[row] in contents for row in rows], bool)


def _look_alikes(pool: ImagePool, rows: Rows, others: Rows) -> NDArray[np.bool_]:
    """(N,) which of `rows` look the same as one of `others`."""
    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), bool)
    ours, theirs = (Likeness.of(_small_images(pool, some), len(some)) for some in (rows, others))
    return np.asarray(nearest(ours, theirs) != NONE)


def _small_images(pool: ImagePool, rows: Rows, batch: int = 256) -> Iterator[NDArray[np.uint8]]:
    """The images of `rows` as `small_grey` gives them, decoded in threads a batch at a time."""
    with ThreadPoolExecutor(THREADS) as threads:
        for start in range(0, len(rows), batch):
            yield from threads.map(lambda row: small_grey(pool.read(int(row))), rows[start : start + batch])


def _notes(n_each: Mapping[SplitName, int], n_near: int) -> tuple[Note, ...]:
    n_copies = sum(n_each.values())
    if n_copies == 0:
        return ()
    names = {"evaluation": "evaluation image", "holdout": "holdout image"}
    counts = " and ".join(many(n_each[name], names[name]) for name in JUDGING if n_each[name])
    verb = "was left out: it is a copy" if n_copies == 1 else "were left out: they are copies"
    how = f", {n_near} of them by look and not byte for byte" if n_near else ""
    return (Note(code=codes.COPIES_LEFT_OUT, text=f"{counts} {verb} of images for training or calibration{how}"),)
