"""Labels that are likely wrong, on probabilities made by hand."""

import numpy as np

from engine.measure.label_errors import likely_label_errors


def test_a_label_is_wrong_where_the_model_is_as_sure_of_another_class_as_of_that_classes_own():
    probabilities = np.array(
        [
            [0.90, 0.05, 0.05],
            [0.80, 0.15, 0.05],  # class 0 is sure from 0.85 / 2 on, with the next
            [0.02, 0.95, 0.03],  # labelled 0, surely 1
            [0.10, 0.80, 0.10],
            [0.40, 0.55, 0.05],  # labelled 0: likelier 1, but less sure than 1 is on its own
            [0.10, 0.20, 0.70],
        ],
        np.float32,
    )
    labels = np.array([0, 0, 0, 1, 0, 2])
    rows, likely, margins = likely_label_errors(probabilities, labels)
    assert rows.tolist() == [2]
    assert likely.tolist() == [1]
    assert margins.round(2).tolist() == [0.93]


def test_the_surest_comes_first_and_a_class_without_images_is_none():
    probabilities = np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0.1, 0.9, 0], [0, 1.0, 0], [0, 0, 1.0]], np.float32)
    rows, likely, _ = likely_label_errors(probabilities, np.array([0, 1, 0, 0, 0]))
    assert rows.tolist() == [3, 2]
    assert likely.tolist() == [1, 1]
