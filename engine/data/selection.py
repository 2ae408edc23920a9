"""Which images choose: never those that report what was chosen."""

from collections.abc import Mapping

import numpy as np

from engine.data.pool import SplitName
from engine.data.splits import Rows

NEEDED = 500
"""From this many images on, evaluation gives none: where 4 % of the answers change, the standard error of a drop on
500 images is sqrt(0.04 / 500) = 0.9 points, which is about the usual budget."""
MOST = 1000
"""More are not used: every candidate of a search is scored on all of them."""
EVALUATION_PART = 3
"""At most one in this many evaluation images chooses."""


def choose_selection(rows: Mapping[SplitName, Rows], hashes: tuple[str, ...]) -> tuple[Rows, dict[SplitName, Rows]]:
    """The rows of the selection set, and the splits without the evaluation images that are in it.

    The rule, the same for every recipe: searches and the recommendation choose on the holdout, then the second half of
    the calibration images, which set no range in a race. Where these are fewer than NEEDED, the last images of the
    evaluation split join them, as many as are missing and at most a third of it; the rest of the split reports. At most
    MOST images choose. The order of a split is seeded and any range of it is stratified (`splits.stratified_order`),
    so both parts are. Whatever is byte for byte the same as an image that reports or that trains does not choose.

    The best of several is chosen partly because its errors were small by chance. On the images that chose, its loss
    looks too small (Cawley and Talbot 2010, https://jmlr.org/papers/v11/cawley10a.html); on others it does not.
    """
    calibration, evaluation = rows["calibration"], rows["evaluation"]
    others = np.concatenate([rows["holdout"], calibration[len(calibration) // 2 :]])
    trained_hashes = {hashes[row] for row in rows["train"]}
    can_choose = np.array([row for row in evaluation if hashes[row] not in trained_hashes], np.int64)
    n_moved = min(max(NEEDED - len(others), 0), len(evaluation) // EVALUATION_PART, len(can_choose))
    moved = can_choose[len(can_choose) - n_moved :]
    reporting = evaluation[~np.isin(evaluation, moved)]
    other_hashes = trained_hashes | {hashes[row] for row in reporting}
    selection = [row for row in np.concatenate([others, moved]) if hashes[row] not in other_hashes]
    return np.array(selection[:MOST], np.int64), {**rows, "evaluation": reporting}
