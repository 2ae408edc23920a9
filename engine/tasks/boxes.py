"""Detections (boxes, 6): x1, y1, x2, y2, score, class; how they overlap, and how far two sets of them are the same."""

import numpy as np
from numpy.typing import NDArray

SCORE = 0.25
"""Boxes below it are no detections: the default of Ultralytics' predict."""
OVERLAP = 0.45
"""Of two boxes of a class that overlap more (intersection over union), the one with the lower score is left out."""
SAME = 0.5
"""Two boxes of a class that overlap at least so much are the same object, as in PASCAL VOC's measure."""
MOST_BOXES = 300
Boxes = NDArray[np.float32]


def best_boxes(boxes: Boxes) -> Boxes:
    """(MOST_BOXES, 6): those with the highest scores, in that order, filled up with zeros."""
    best = boxes[np.argsort(-boxes[:, 4], kind="stable")[:MOST_BOXES]]
    return np.concatenate([best, np.zeros((MOST_BOXES - len(best), 6))]).astype(np.float32)


def non_maximum_suppression(boxes: Boxes) -> Boxes:
    """(MOST_BOXES, 6): the best boxes without those that a better one of their class overlaps by more than OVERLAP."""
    ranked = boxes[np.argsort(-boxes[:, 4], kind="stable")][:MOST_BOXES]
    alive = np.ones(len(ranked), bool)
    overlaps = _overlaps(ranked, ranked)
    for row in range(len(ranked)):
        if alive[row]:
            alive[row + 1 :] &= overlaps[row, row + 1 :] <= OVERLAP
    return best_boxes(ranked[alive])


def f1(boxes: Boxes, reference: Boxes) -> float:
    """The harmonic mean of precision and recall of the detections against the reference's; 1 where neither has any.

    From the best score down, a detection takes the free box of the reference that it overlaps most, SAME at least.
    """
    ours, theirs = (one[one[:, 4] >= SCORE] for one in (boxes, reference))
    if len(ours) + len(theirs) == 0:
        return 1.0
    overlaps = _overlaps(ours, theirs)
    free = np.ones(len(theirs), bool)
    n_matched = 0
    for row in overlaps:
        candidates = np.where(free, row, 0.0)
        if len(candidates) and candidates.max() >= SAME:
            free[candidates.argmax()] = False
            n_matched += 1
    return 2 * n_matched / (len(ours) + len(theirs))


def _overlaps(left: Boxes, right: Boxes) -> NDArray[np.float64]:
    """(left, right): intersection over union of two boxes of a class, 0 for boxes of different classes."""
    low = np.maximum(left[:, None, :2], right[None, :, :2])
    high = np.minimum(left[:, None, 2:4], right[None, :, 2:4])
    shared = np.clip(high - low, 0, None).prod(axis=2, dtype=np.float64)
    areas = [np.clip(one[:, 2:4] - one[:, :2], 0, None).prod(axis=1, dtype=np.float64) for one in (left, right)]
    union = areas[0][:, None] + areas[1][None] - shared
    overlaps = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.where(left[:, None, 5] == right[None, :, 5], overlaps, 0.0)
