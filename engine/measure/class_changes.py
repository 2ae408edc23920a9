"""What a variant changes by class, from the answers that a run stored; no model is run."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import StorageError
from engine.measure.statistics import paired_drop, widest_wilson, z_for_many
from engine.results.class_changes import AnswerMove, ClassChange, ClassChanges, ConfusionChange

MOST_MOVES = 100
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassAnswers:
    """The classes that a variant answered on N images, and their labels, both (N,); None where none are stored."""

    answers: Integers
    labels: Integers | None

    @classmethod
    def load(cls, path: Path) -> "ClassAnswers":
        """From a run's predictions.npz. Raises StorageError where the file is missing or damaged."""
        try:
            with np.load(path) as arrays:
                if "answers" in arrays:
                    answers = arrays["answers"]
                else:  # of a run of before they were stored
                    answers = arrays["logits" if "logits" in arrays else "output_0"].argmax(1)
                labels = arrays["labels"].astype(np.int64) if "labels" in arrays else None
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise StorageError(
                f"the predictions '{path}' are missing or damaged", "Run its recipe again, or look at another run"
            ) from error
        return cls(answers.astype(np.int64), labels)


def class_changes(
    variant_id: str,
    baseline: ClassAnswers,
    variant: ClassAnswers,
    names: Sequence[str] | None,
    *,
    had_labels: bool,
) -> ClassChanges:
    """The variant beside the baseline, by label, or by the baseline's answer where no labels are stored.

    `names` are those of the classes by index; numbers stand in for them where there are none.
    """
    before, after = baseline.answers, variant.answers
    labels = before if variant.labels is None else variant.labels
    n_classes = 1 + int(max(labels.max(), before.max(), after.max()))
    every = (*(names or ()), *(str(number) for number in range(len(names or ()), n_classes)))
    return ClassChanges(
        variant_id=variant_id,
        labelled=variant.labels is not None,
        labels_missing=had_labels and variant.labels is None,
        n_images=len(labels),
        n_changed=int((before != after).sum()),
        names=every,
        rows=_rows(labels, before == labels, after == labels, every),
        moves=_moves(labels, before, after),
        cells=_cells(labels, before, after, n_classes),
    )


def _rows(
    labels: Integers, was_right: NDArray[np.bool_], is_right: NDArray[np.bool_], names: Sequence[str]
) -> tuple[ClassChange, ...]:
    """The classes that have images, the largest change first, of equal ones the one with more images."""
    present, n_images = np.unique(labels, return_counts=True)
    z = z_for_many(len(present))
    counts = [
        np.bincount(labels[which], minlength=len(names))
        for which in (was_right, is_right, was_right & ~is_right, is_right & ~was_right)
    ]
    rows = []
    for index, n in zip(present.tolist(), n_images.tolist(), strict=True):
        n_before, n_right, n_lost, n_won = (int(count[index]) for count in counts)
        low, high = paired_drop(n_won, n_lost, n, z)
        rows.append(
            ClassChange(
                index=index,
                name=names[index],
                n_images=n,
                n_baseline_right=n_before,
                n_right=n_right,
                n_lost=n_lost,
                n_won=n_won,
                low=low,
                high=high,
                width=widest_wilson(n),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-abs(row.change), -row.n_images)))


def _moves(labels: Integers, before: Integers, after: Integers) -> tuple[AnswerMove, ...]:
    moved = before != after
    if not moved.any():
        return ()
    kinds, counts = np.unique(np.stack([labels, before, after])[:, moved], axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_MOVES]
    return tuple(
        AnswerMove(label=label, baseline_answer=old, answer=new, n_images=n)
        for (label, old, new), n in zip(kinds[:, order].T.tolist(), counts[order].tolist(), strict=True)
    )


def _cells(labels: Integers, before: Integers, after: Integers, n_classes: int) -> tuple[ConfusionChange, ...]:
    """The cells that differ, in the order of the matrix; only those that have images are looked at."""
    n_before, n_after = (_counts(labels * n_classes + answers) for answers in (before, after))
    differing = sorted(cell for cell in {**n_before, **n_after} if n_before.get(cell) != n_after.get(cell))
    return tuple(
        ConfusionChange(
            label=cell // n_classes,
            answer=cell % n_classes,
            n_baseline=n_before.get(cell, 0),
            n_images=n_after.get(cell, 0),
        )
        for cell in differing
    )


def _counts(cells: Integers) -> dict[int, int]:
    """How many images each cell has that has any."""
    present, counts = np.unique(cells, return_counts=True)
    return dict(zip(present.tolist(), counts.tolist(), strict=True))
