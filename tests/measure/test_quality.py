import numpy as np
import pytest

from engine.measure.quality import accuracy, correct, drop, fidelity, sqnr_db


def one_hot(classes, n=10):
    return np.eye(n, dtype=np.float32)[classes]


def test_accuracy_counts_and_bounds():
    labels = np.array([0, 1, 2, 3])
    measured = accuracy(one_hot([0, 1, 2, 9]), labels)
    assert (measured.top1, measured.n_images) == (0.75, 4)
    assert measured.low < 0.75 < measured.high


def test_chance_is_what_the_commonest_class_gives():
    """Not one of the number of classes: guessing it every time is right that often."""
    labels = np.array([3, 3, 3, 1])
    measured = accuracy(one_hot([3, 3, 3, 3]), labels)
    assert (measured.top1, measured.chance) == (0.75, 0.75)
    assert measured.better_than_chance == "no"
    assert accuracy(one_hot(np.arange(10).repeat(9)), np.arange(10).repeat(9)).better_than_chance == "yes"


def test_top5_needs_more_than_five_classes():
    labels = np.array([0, 6])
    logits = np.tile(np.arange(10, dtype=np.float32), (2, 1))
    assert accuracy(logits, labels).top5 == 0.5
    assert accuracy(one_hot([0, 1], 4), np.array([0, 1])).top5 is None


def test_fidelity_of_the_same_outputs_is_perfect_and_its_sqnr_infinite():
    logits = one_hot([1, 2, 3])
    measured = fidelity(logits, logits)
    assert measured.agreement == 1.0
    assert measured.sqnr_db is None


def test_sqnr_is_in_decibels():
    base = np.ones((2, 3), dtype=np.float32)
    assert sqnr_db(base * 1.1, base) == pytest.approx(20, abs=0.01)


def test_drop_counts_pairs():
    labels = np.array([0, 1, 2, 3])
    base = correct(one_hot([0, 1, 2, 9]), labels)
    mine = correct(one_hot([0, 9, 9, 3]), labels)
    point, low, high = drop(mine, base)
    assert point == 0.25
    assert low < point < high
