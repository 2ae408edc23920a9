"""How sure a classifier is of its answers, which says nothing of how often it is right."""

import numpy as np
from numpy.typing import NDArray

SUM_TOLERANCE = 1e-3
"""How far the sum of a row of scores may be from 1 where the scores are probabilities already; 16-bit floats round."""


Scores = NDArray[np.float32] | NDArray[np.float64]


def probabilities(scores: Scores) -> NDArray[np.float64]:
    """(N, classes): the scores themselves where they are probabilities already, else their softmax."""
    values = scores.astype(np.float64, copy=False)
    if (values >= 0).all() and (np.abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        return values
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def mean_confidence(scores: NDArray[np.float32]) -> float:
    """The mean probability of the answers."""
    return float(probabilities(scores).max(axis=1).mean())


def mean_entropy(scores: NDArray[np.float32]) -> float:
    """The mean entropy of the probabilities in nats, from 0, where all is certain, to the logarithm of the classes."""
    values = probabilities(scores)
    logarithms = np.log(values, out=np.zeros_like(values), where=values > 0)
    return float(-(values * logarithms).sum(axis=1).mean())


def cross_entropy(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The mean negative logarithm of the right class's probability, in nats; finite also where that is 0."""
    right = probabilities(scores)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, np.finfo(np.float64).tiny)).mean())
