import numpy as np
import pytest

from engine.measure.quality import accuracy, class_loss, compare, fidelity, on_selection, sqnr_db
from engine.measure.statistics import paired_drop, z_for_many
from engine.tasks import Answers


def one_hot(classes, n=10):
    return np.eye(n, dtype=np.float32)[classes]


def answers(classes, scale=1.0):
    return Answers({"logits": scale * one_hot(classes)})


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
    measured = fidelity("classification", answers([1, 2, 3]), answers([1, 2, 3]))
    assert (measured.agreement, measured.similarity, measured.measure) == (1.0, 1.0, "agreement")
    assert measured.sqnr_db is None


def test_what_is_no_class_has_a_mean_similarity_and_the_sqnr_of_every_output():
    base = {"a": np.array([[3.0, 4.0], [0.0, 5.0]], np.float32), "b": np.ones((2, 3), np.float32)}
    own = {"a": base["a"] * np.float32(1.1), "b": base["b"]}
    measured = fidelity("tensors", Answers(own), Answers(base))
    assert (measured.agreement, measured.measure, measured.n_images) == (None, "explained variance", 2)
    assert measured.similarity == pytest.approx(0.99)
    assert [one.name for one in measured.outputs] == ["a", "b"]
    assert [one.sqnr_db for one in measured.outputs] == [pytest.approx(20, abs=0.01), None]
    assert measured.sqnr_db == pytest.approx(20, abs=0.01)  # of the output that differs most


def test_the_mean_loss_of_similarity_has_an_interval_within_what_is_possible():
    base = np.array([[1.0, 0.0]] * 4, np.float32)
    own = np.array([[1.0, 0.0]] * 3 + [[1.0, 1.0]], np.float32)
    found = compare("embedding", Answers({"v": own}), Answers({"v": base}), None)
    assert (found.n_changed, found.n_worse, found.p_value, found.n_images) == (None, None, None, 4)
    assert found.drop == pytest.approx((1 - 2**-0.5) / 4)
    assert 0 <= found.low < found.drop < found.high


def test_sqnr_is_in_decibels():
    base = np.ones((2, 3), dtype=np.float32)
    assert sqnr_db(base * 1.1, base) == pytest.approx(20, abs=0.01)


def test_a_comparison_counts_what_changed_and_which_way():
    labels = np.array([0, 1, 2, 3, 4])
    found = compare("classification", answers([0, 9, 9, 3, 7]), answers([0, 1, 2, 9, 8]), labels)
    assert (found.n_images, found.n_changed, found.n_worse, found.n_better) == (5, 4, 2, 1)
    assert found.drop == pytest.approx(0.2)
    assert found.low < found.drop < found.high
    assert found.p_value == 1.0  # two of three, either way


def test_without_labels_every_change_is_a_loss_and_nothing_is_tested():
    found = compare("classification", answers([0, 1, 2]), answers([0, 1, 3]), None)
    assert (found.n_changed, found.n_worse, found.n_better) == (1, 1, 0)
    assert found.drop == pytest.approx(1 / 3)
    assert found.p_value is found.smallest_drop is found.n_for_half_a_point is None


def test_the_class_that_loses_most_is_named_and_its_interval_is_corrected_for_their_number():
    labels = np.repeat([0, 3, 7], [100, 100, 100])
    classes = labels.copy()
    classes[100:110] = 0
    classes[0:2] = 3
    found = class_loss(answers(classes), answers(labels), labels)
    assert (found.index, found.drop, found.n_images, found.n_classes) == (3, 0.1, 100, 3)
    alone = paired_drop(10, 0, 100)
    assert found.low < alone[0] < found.drop < alone[1] < found.high
    assert (found.low, found.high) == paired_drop(10, 0, 100, z_for_many(3))
    assert class_loss(answers(classes), answers(labels), None) is None


def test_what_chooses_holds_everything_that_a_choice_needs():
    labels = np.arange(10)
    found = on_selection("classification", answers(labels, 1.1), answers(labels), labels)
    assert (found.comparison.n_images, found.accuracy.top1, found.class_loss.n_classes) == (10, 1.0, 10)
    assert found.fidelity.sqnr_db == pytest.approx(20, abs=0.01)
    assert on_selection("classification", answers(labels), answers(labels), None).accuracy is None
