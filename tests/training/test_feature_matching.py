"""What is learnt beside a teacher's answers: features and tokens, on networks of a few numbers."""

import numpy as np
import pytest
import torch
from torch import nn

from engine.training.batches import Batch
from engine.training.feature_matching import Features, Tokens
from engine.training.objectives import Answers, Labels

PLAIN = np.array([[4.0, 0.0, 1.0], [0.0, 3.0, 2.0], [1.0, 0.0, 5.0]], dtype=np.float32)
ROWS = np.array([2, 0])
BATCH = Batch(ROWS, 0, np.zeros((2, 1, 1, 1), np.uint8), torch.zeros(2, 1, 1, 1))
LABELS = Labels(np.array([0, 1, 1]), smoothing=0.0)
SEEN = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=np.float32)
LOGITS = torch.tensor([[0.5, 0.0, 1.0], [1.0, 0.0, 0.0]])


class Seeing(nn.Module):
    """Pooled features as they are given, and logits that do not depend on them."""

    def __init__(self, features):
        super().__init__()
        self.features = features

    def forward_features(self, images):
        return self.features

    def forward_head(self, features, pre_logits=False):
        return features if pre_logits else LOGITS


def answers(**changed):
    values = {"answers": lambda batch: PLAIN[batch.rows], "plain": PLAIN, "n_views": 3, "temperature": 2.0}
    return Answers(**(values | changed))


def features(extra=None):
    return Features(answers=answers(), features=lambda batch: SEEN[batch.rows], extra=extra)


def test_features_add_their_mean_squared_distance_to_the_loss_of_the_answers():
    alone = float(answers().loss_of(LOGITS, BATCH))
    same, other = (features().loss(Seeing(torch.from_numpy(SEEN[ROWS]) + off), BATCH) for off in (0.0, 2.0))
    assert float(same) == pytest.approx(alone)
    assert float(other) == pytest.approx(alone + 4.0)
    assert features().n_views == 3


def test_a_projection_is_trained_with_them():
    extra = nn.Linear(5, 2)
    loss = features(extra).loss(Seeing(torch.ones(2, 5)), BATCH)
    loss.backward()
    assert extra.weight.grad.abs().sum() > 0


def test_a_token_learns_the_answers_alone_and_the_other_head_the_labels_too():
    own, token = LOGITS, LOGITS.flip(1)
    objective = Tokens(answers=answers(labels=LABELS, label_share=0.25))
    expected = (objective.answers.loss_of(own, BATCH) + answers().loss_of(token, BATCH)) / 2
    assert float(objective.loss(lambda images: (own, token), BATCH)) == pytest.approx(float(expected))


@pytest.mark.parametrize("objective", [features(), Tokens(answers=answers())])
def test_what_is_right_is_what_the_answers_say(objective):
    assert objective.right(torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), ROWS) == 1
