"""Which answers changed, into what, and how much probability that cost."""

import numpy as np
import pytest

from engine.measure.changed_answers import changed_answers

BEFORE = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.5, 0.3, 0.2]])
AFTER = np.array([[0.4, 0.6, 0.0], [0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2]])


def test_the_most_damaging_come_first_and_what_stayed_is_left_out():
    rows = changed_answers(np.array([0, 2, 1, 0]), BEFORE, AFTER)
    assert [(index, kind) for index, kind, _ in rows] == [
        (0, "right_to_wrong"),
        (1, "wrong_to_other"),
        (2, "wrong_to_right"),
    ]
    assert [damage for _, _, damage in rows] == pytest.approx([0.5, -0.1, -0.5])


def test_without_labels_the_baselines_answer_is_what_is_lost():
    rows = sorted(changed_answers(None, BEFORE, AFTER))
    assert [(index, kind) for index, kind, _ in rows] == [(0, "changed"), (1, "changed"), (2, "changed")]
    assert [damage for _, _, damage in rows] == pytest.approx([0.5, 0.5, 0.5])
    assert changed_answers(None, BEFORE, BEFORE) == []
