"""Another order of the classes is suggested where the predictions fit it, and not where they only fit chance."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from engine.analyses.class_order import assign, suggest_order

N_LABELS, N_IMAGES = 10, 200
LABELS = np.tile(np.arange(N_LABELS), N_IMAGES // N_LABELS)
PRESENT = np.arange(N_LABELS)
SHUFFLED = np.array([3, 0, 6, 2, 1, 8, 9, 4, 7, 5])


def predictions(true_outputs, right: float, seed: int = 0, n_outputs: int = N_LABELS):
    """The true output on this share of the images, any output on the others."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(N_IMAGES) < right, true_outputs[LABELS], rng.integers(0, n_outputs, N_IMAGES))


def suggest(predicted, names=tuple("abcdefghij"), n_outputs=N_LABELS):
    return suggest_order(LABELS, predicted, PRESENT, names, n_outputs)


@pytest.mark.parametrize("seed", range(20))
def test_an_assignment_is_as_good_as_scipys(seed):
    rng = np.random.default_rng(seed)
    n_rows = int(rng.integers(1, 12))
    shape = n_rows, n_rows + int(rng.integers(0, 9))
    for gains in (rng.random(shape), rng.integers(0, 4, shape).astype(float), np.zeros(shape)):
        columns = assign(gains)
        assert len(set(columns)) == n_rows
        rows, best = linear_sum_assignment(gains, maximize=True)
        assert gains[np.arange(n_rows), columns].sum() == pytest.approx(gains[rows, best].sum())


@pytest.mark.parametrize(("order", "true_outputs", "n_outputs"), [
    ("reversed", PRESENT[::-1], N_LABELS),
    ("permutation", SHUFFLED, N_LABELS),
    ("offset", PRESENT + 1, 1000),
    ("offset", PRESENT + 400, 1000),
])  # fmt: skip
def test_the_order_that_fits_is_found_also_where_many_predictions_are_wrong(order, true_outputs, n_outputs):
    suggestion = suggest(predictions(true_outputs, 0.5, n_outputs=n_outputs), n_outputs=n_outputs)
    assert suggestion.order == order
    assert suggestion.outputs == tuple(true_outputs)
    assert suggestion.n_images == N_IMAGES // 2
    assert suggestion.n_right > suggestion.n_right_now
    assert suggestion.p_value < 0.01


def test_numbers_of_a_model_that_was_trained_in_alphabetic_order_are_found():
    names = [str(number) for number in range(1, N_LABELS + 1)]
    true_outputs = np.array([sorted(names).index(name) for name in names])
    suggestion = suggest(predictions(true_outputs, 0.9), names)
    assert suggestion.order == "alphabetic"
    assert suggestion.outputs == tuple(true_outputs)


@pytest.mark.parametrize("right", [0.0, 0.2, 0.9])
def test_nothing_is_suggested_where_the_order_is_right_or_the_model_guesses(right):
    assert [suggest(predictions(PRESENT, right, seed)) for seed in range(40)] == [None] * 40


def test_labels_without_images_keep_their_outputs():
    true_outputs = SHUFFLED.copy()
    true_outputs[[0, 1, 2, 3]] = [1, 0, 2, 3]
    true_outputs[4:] = [9, 8, 7, 6, 5, 4]
    predicted, seen = predictions(true_outputs, 1.0), LABELS != 2
    suggestion = suggest_order(LABELS[seen], predicted[seen], PRESENT, tuple("abcdefghij"), N_LABELS)
    assert suggestion.outputs == tuple(true_outputs)


def test_two_images_suggest_nothing():
    assert suggest_order(np.array([0, 1]), np.array([1, 0]), np.array([0, 1]), ("a", "b"), 2) is None
