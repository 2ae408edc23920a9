"""Leaks: images that judge a model and are copies of images for training or calibration."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.data.likeness import NONE, Likeness, nearest, small_grey
from engine.data.pool import ImagePool, SplitName
from engine.data.reading import ReadProgress, in_threads
from engine.data.splits import Rows
from engine.errors import DataError
from engine.results import Note, codes
from engine.settings.data import LeaveOut
from engine.wording import many

TUNING: tuple[SplitName, ...] = ("train", "calibration")
JUDGING: tuple[SplitName, ...] = ("evaluation", "holdout")


def without_copies(
    pool: ImagePool, rows: Mapping[SplitName, Rows], leave_out: LeaveOut, on_progress: ReadProgress
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
    wants_near = leave_out == "near_duplicates"
    near = _look_alikes(pool, judging, tuning, on_progress) & ~exact if wants_near else np.zeros_like(exact)
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


def _look_alikes(pool: ImagePool, rows: Rows, others: Rows, on_progress: ReadProgress) -> NDArray[np.bool_]:
    """(N,) which of `rows` look the same as one of `others`."""
    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), bool)
    total = many(len(rows) + len(others), "image")

    def likeness(some: Rows, n_before: int) -> Likeness:
        def on_done(n: int) -> None:
            on_progress((n_before + n) / (len(rows) + len(others)), f"looked at {n_before + n:,} of {total} for copies")

        return Likeness.of(in_threads(lambda row: small_grey(pool.read(row)), some.tolist(), on_done), len(some))

    ours, theirs = likeness(rows, 0), likeness(others, len(rows))
    return np.asarray(nearest(ours, theirs) != NONE)


def _notes(n_each: Mapping[SplitName, int], n_near: int) -> tuple[Note, ...]:
    n_copies = sum(n_each.values())
    if n_copies == 0:
        return ()
    names = {"evaluation": "evaluation image", "holdout": "holdout image"}
    counts = " and ".join(many(n_each[name], names[name]) for name in JUDGING if n_each[name])
    verb = "was left out: it is a copy" if n_copies == 1 else "were left out: they are copies"
    how = f", {n_near} of them by look and not byte for byte" if n_near else ""
    return (Note(code=codes.COPIES_LEFT_OUT, text=f"{counts} {verb} of images for training or calibration{how}"),)
