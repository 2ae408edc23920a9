"""Labels that are likely wrong, by how sure a model is of another class."""

import numpy as np
from numpy.typing import NDArray


def likely_label_errors(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Indices of the images whose label is likely wrong, the surest first; the class of each instead; its margin.

    `probabilities` (N, classes), `labels` (N,). Confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125,
    equation 2): an image is of a class where its probability is at least the mean that this class has on images of that
    label, so that a model that is generally unsure, or too sure, needs no other threshold. Of several such classes it
    is of the likeliest. The margin is that probability less the label's, by which the paper ranks too (section 3.2).
    """
    n_classes = probabilities.shape[1]
    thresholds = np.full(n_classes, np.inf)
    for label in np.unique(labels):
        thresholds[label] = probabilities[labels == label, label].mean(dtype=np.float64)
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    likely = confident.argmax(axis=1)
    rows = np.arange(len(labels))
    margin = probabilities[rows, likely].astype(np.float64) - probabilities[rows, labels]
    wrong = (confident[rows, likely] >= 0) & (likely == probabilities.argmax(axis=1)) & (margin > 0)
    order = np.flatnonzero(wrong)
    order = order[np.argsort(-margin[order], kind="stable")]
    return order, likely[order], margin[order]
