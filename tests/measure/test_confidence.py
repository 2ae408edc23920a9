"""How sure a classifier is: of logits and of probabilities alike."""

import numpy as np
import pytest

from engine.measure.confidence import cross_entropy, mean_confidence, mean_entropy, probabilities

LOGITS = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], np.float32)) + 3
"""The logarithms of probabilities, moved by a constant."""
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], np.float32)


@pytest.mark.parametrize("scores", [LOGITS, PROBABILITIES, PROBABILITIES.astype(np.float16)])
def test_logits_and_probabilities_are_as_sure(scores):
    assert probabilities(scores) == pytest.approx(PROBABILITIES, abs=1e-3)
    assert mean_confidence(scores) == pytest.approx(0.6, abs=1e-3)
    assert cross_entropy(scores, np.array([0, 2])) == pytest.approx(-np.log([0.7, 0.5]).mean(), abs=1e-3)
    by_hand = -(PROBABILITIES * np.log(PROBABILITIES)).sum() / 2
    assert mean_entropy(scores) == pytest.approx(by_hand, abs=1e-3)


def test_certainty_and_ignorance_are_the_ends():
    certain, ignorant = np.array([[1000.0, 0, 0]], np.float32), np.zeros((1, 3), np.float32)
    assert (mean_confidence(certain), mean_entropy(certain)) == (1.0, 0.0)
    assert mean_entropy(ignorant) == pytest.approx(np.log(3))
    assert np.isfinite(cross_entropy(certain, np.array([1])))


def test_scores_become_probabilities_once():
    scores = np.array([[2.0, 0.0, -1.0], [0.5, 0.3, 0.2]], np.float32)
    shares = probabilities(scores)
    assert shares.sum(axis=1).round(5).tolist() == [1, 1]
    assert probabilities(shares) is shares
    assert (shares.argmax(axis=1) == scores.argmax(axis=1)).all()
