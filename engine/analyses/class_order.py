"""Which other order of the classes fits what a model predicts: an offset, the reverse, or any permutation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.measure.statistics import mcnemar
from engine.results.mapping import ClassOrder, OrderSuggestion

P_VALUE = 0.01
N_TESTED = 2
"""Orders that are tested: the best simple one and the best permutation; their p-values are multiplied by this."""
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Order:
    """An output for each label (L,)."""

    order: ClassOrder
    outputs: Integers
    offset: int | None = None


def suggest_order(
    labels: Integers, predicted: Integers, outputs: Integers, names: Sequence[str], n_outputs: int
) -> OrderSuggestion | None:
    """The order that fits significantly better than the present `outputs` (L,), or None.

    `labels` (N,) index the labels, whose `names` are sorted by number where all are numbers; `predicted` (N,) are
    outputs. Orders are found on the first half of the images and tested on the second, so that a permutation that only
    fits chance there does not pass. What is suggested of a permutation is then found on all images.
    """
    half = len(labels) // 2
    confusion = _matrix(labels[:half], predicted[:half], len(names), n_outputs)
    simple = max(_simple_orders(confusion, outputs, names), key=lambda one: _n_right(confusion, one.outputs))
    found = (simple, _Order("permutation", best_permutation(confusion, outputs)))
    test = _matrix(labels[half:], predicted[half:], len(names), n_outputs)
    best = max(found, key=lambda one: _n_right(test, one.outputs))  # of equals the simple one
    right_now, right = (each[labels[half:]] == predicted[half:] for each in (outputs, best.outputs))
    p_value = min(1.0, N_TESTED * mcnemar(int((right_now & ~right).sum()), int((right & ~right_now).sum())))
    if right.sum() <= right_now.sum() or p_value > P_VALUE:
        return None
    if best.order == "permutation":
        best = _Order(best.order, best_permutation(confusion + test, outputs))
    return OrderSuggestion(
        order=best.order,
        offset=best.offset,
        outputs=tuple(map(int, best.outputs)),
        n_images=len(labels) - half,
        n_right_now=int(right_now.sum()),
        n_right=int(right.sum()),
        p_value=p_value,
    )


def best_permutation(confusion: Integers, outputs: Integers) -> Integers:
    """(L,) distinct outputs with the most images of `confusion` (L, outputs) on them.

    Labels about which the images say nothing keep their present `outputs` (L,) where these are free.
    """
    gains = confusion.astype(np.float64)
    gains[np.arange(len(outputs)), outputs] += 0.5 / len(outputs)  # all together less than one image
    return assign(gains)


def assign(gains: NDArray[np.float64]) -> Integers:
    """(n,) distinct columns of `gains` (n, m), n <= m, with the largest sum.

    The Hungarian method with potentials: rows are added one by one, each by a shortest augmenting path; n² m at most
    (Jonker and Volgenant 1987, https://doi.org/10.1007/BF02278710).
    """
    n_rows, n_columns = gains.shape
    row_potential, column_potential = np.zeros(n_rows), np.zeros(n_columns)
    row_of = np.full(n_columns, -1)
    for new_row in range(n_rows):
        distance, previous = np.full(n_columns, np.inf), np.full(n_columns, -1)
        is_final = np.zeros(n_columns, bool)
        row, column, shortest = new_row, -1, 0.0
        while row >= 0:
            through = shortest - gains[row] - row_potential[row] - column_potential
            shorter = ~is_final & (through < distance)
            distance[shorter], previous[shorter] = through[shorter], column
            column = int(np.where(is_final, np.inf, distance).argmin())
            shortest, is_final[column] = float(distance[column]), True
            row = int(row_of[column])
        inner = is_final & (row_of >= 0)
        row_potential[new_row] += shortest
        row_potential[row_of[inner]] += shortest - distance[inner]
        column_potential[is_final] -= shortest - distance[is_final]
        while column >= 0:
            before = int(previous[column])
            row_of[column] = new_row if before < 0 else row_of[before]
            column = before
    columns = np.empty(n_rows, np.int64)
    columns[row_of[row_of >= 0]] = np.flatnonzero(row_of >= 0)
    return columns


def _simple_orders(confusion: Integers, outputs: Integers, names: Sequence[str]) -> list[_Order]:
    """The reverse of the present order, the alphabetic one of numbers (10 before 2), and the best offset."""
    alphabetic = np.argsort(np.argsort(np.array(names)))
    in_order = np.sort(outputs)
    ranks = np.searchsorted(in_order, outputs)
    return [
        _Order("reversed", in_order[::-1][ranks]),
        _Order("alphabetic", in_order[alphabetic]),
        _best_offset(confusion, outputs),
    ]


def _best_offset(confusion: Integers, outputs: Integers) -> _Order:
    """The distance that most predictions have from the present outputs, among those that lead beyond no end."""
    n_outputs = confusion.shape[1]
    rows, columns = np.nonzero(confusion)
    offsets = np.arange(-int(outputs.min()), n_outputs - int(outputs.max()))
    counts = np.array([confusion[rows, columns][columns - outputs[rows] == offset].sum() for offset in offsets])
    offset = int(offsets[counts.argmax()])
    return _Order("offset", outputs + offset, offset)


def _matrix(labels: Integers, predicted: Integers, n_labels: int, n_outputs: int) -> Integers:
    """(L, outputs) counts of images."""
    return np.bincount(labels * n_outputs + predicted, minlength=n_labels * n_outputs).reshape(n_labels, n_outputs)


def _n_right(confusion: Integers, outputs: Integers) -> int:
    return int(confusion[np.arange(len(outputs)), outputs].sum())
