"""The examples on which a variant answers otherwise than the baseline, and how much each one costs."""

import numpy as np
from numpy.typing import NDArray

from engine.measure.confidence import Scores, probabilities
from engine.results import ChangeKind


def changed_answers(
    labels: NDArray[np.int64] | None, before: Scores, after: Scores
) -> list[tuple[int, ChangeKind, float]]:
    """Index, kind and damage of every example whose answer changed, the most damaging first.

    `before` and `after` are the class scores (N, classes) of baseline and variant. The damage is how much probability
    the label, without labels the baseline's answer, has lost.
    """
    old, new = before.argmax(axis=1), after.argmax(axis=1)
    changed = np.flatnonzero(old != new)
    if not len(changed):
        return []
    references = old[changed] if labels is None else labels[changed]
    rows = np.arange(len(changed))
    damages = probabilities(before[changed])[rows, references] - probabilities(after[changed])[rows, references]
    kinds = [_kind(labels, int(old[index]), int(new[index]), int(index)) for index in changed]
    return sorted(zip(changed.tolist(), kinds, damages.tolist(), strict=True), key=lambda row: -row[2])


def _kind(labels: NDArray[np.int64] | None, old: int, new: int, index: int) -> ChangeKind:
    if labels is None:
        return "changed"
    label = int(labels[index])
    return "right_to_wrong" if old == label else "wrong_to_right" if new == label else "wrong_to_other"
