"""What changes by class, from stored answers: counts, joint intervals, moves, and the confusion difference."""

import numpy as np
import pytest

from engine.errors import StorageError
from engine.measure.class_changes import ClassAnswers, class_changes
from engine.measure.quality import class_loss
from engine.results.class_changes import move_text
from engine.tasks import Answers
from tests.made import INT8

LABELS = np.array([0] * 30 + [1] * 30 + [2] * 10)


def answers(moves, labels=LABELS):
    """The labels themselves, but for `moves` {index: class}."""
    values = labels.copy()
    for index, value in moves.items():
        values[index] = value
    return ClassAnswers(values, labels)


def changes(before, after, **changed):
    return class_changes(INT8, answers(before), answers(after), ("cat", "dog", "cow"), had_labels=True, **changed)


def test_each_class_has_what_it_lost_and_won_the_largest_change_first():
    found = changes({30: 0}, {0: 1, 1: 1, 2: 2, 60: 0})
    assert [row.name for row in found.rows] == ["cat", "cow", "dog"]
    cat, _, dog = found.rows
    assert (cat.n_images, cat.n_baseline_right, cat.n_right, cat.n_lost, cat.n_won) == (30, 30, 27, 3, 0)
    assert (dog.n_lost, dog.n_won) == (0, 1)
    assert cat.change == pytest.approx(-0.1)
    assert cat.low < cat.change < cat.high
    assert [row.name for row in found.few] == ["cow"]
    assert found.n_changed == 5


def test_the_intervals_hold_together_as_those_of_the_reports_largest_loss():
    found = changes({}, dict.fromkeys(range(15), 1))
    logits = [np.eye(3)[one.answers] for one in (answers({}), answers(dict.fromkeys(range(15), 1)))]
    reported = class_loss(Answers({"": logits[1]}), Answers({"": logits[0]}), LABELS)
    assert max(-row.low for row in found.rows) == pytest.approx(reported.high)
    assert found.rows[0].is_sure
    assert not found.rows[1].is_sure


def test_moves_and_cells_of_the_confusion_difference():
    found = changes({30: 0}, {0: 1, 1: 1, 31: 2})
    assert [(one.label, one.baseline_answer, one.answer, one.n_images) for one in found.moves] == [
        (0, 0, 1, 2),
        (1, 0, 1, 1),
        (1, 1, 2, 1),
    ]
    assert [move_text(found, one) for one in found.moves] == [
        "2 images of 'cat' are taken for 'dog', right before",
        "1 image of 'dog' is right now, taken for 'cat' before",
        "1 image of 'dog' is taken for 'cow', right before",
    ]
    cells = {(one.label, one.answer): one.difference for one in found.cells}
    assert cells == {(0, 0): -2, (0, 1): 2, (1, 0): -1, (1, 2): 1}  # one dog lost and one won: that cell is as it was


def test_without_labels_the_baselines_answers_stand_in_their_place():
    before, after = (ClassAnswers(one.answers, None) for one in (answers({}), answers({0: 1})))
    found = class_changes(INT8, before, after, None, had_labels=True)
    assert (found.labelled, found.labels_missing, found.names) == (False, True, ("0", "1", "2"))
    assert move_text(found, found.moves[0]) == "1 image that the baseline takes for '0' is taken for '1'"


def test_of_many_classes_only_the_cells_with_images_are_there():
    labels = np.repeat(np.arange(1000), 5)
    after = labels.copy()
    after[:5] = 999
    found = class_changes(INT8, ClassAnswers(labels, labels), ClassAnswers(after, labels), None, had_labels=True)
    assert len(found.rows) == len(found.few) == 1000
    assert found.rows[0].change == -1
    assert [(one.label, one.answer, one.difference) for one in found.cells] == [(0, 0, -5), (0, 999, 5)]


def test_answers_are_read_from_their_own_array_or_from_the_logits(tmp_path):
    logits = np.eye(3, dtype=np.float32)[LABELS]
    np.savez(tmp_path / "new.npz", logits=logits, answers=LABELS, labels=LABELS)
    np.savez(tmp_path / "old.npz", output_0=logits)
    new, old = ClassAnswers.load(tmp_path / "new.npz"), ClassAnswers.load(tmp_path / "old.npz")
    assert np.array_equal(new.answers, old.answers)
    assert (new.labels is not None, old.labels) == (True, None)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"nothing of the kind"])
def test_damaged_answers_are_refused(tmp_path, content):
    (tmp_path / "one.npz").write_bytes(content)
    with pytest.raises(StorageError, match="missing or damaged"):
        ClassAnswers.load(tmp_path / "one.npz")
