"""The losses of distillation against the papers' formulas, and what each does not ask of a student."""

import numpy as np
import pytest
import torch

from engine.settings import Distill
from engine.settings.distillation import LOSSES as CHOICES
from engine.training.distillation_losses import LOSSES, dist, soft_targets, standardised

TEACHER = torch.tensor([[4.0, 0.0, 1.0], [0.0, 3.0, 2.0], [1.0, 0.5, 5.0], [2.0, 2.5, 0.0]])
STUDENT = torch.tensor([[0.5, 0.0, 1.0], [1.0, 0.2, 0.1], [0.3, 0.6, 2.0], [0.0, 1.0, 0.4]])


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_zero_for_the_teachers_own_answers_and_more_for_others(name):
    assert float(LOSSES[name](TEACHER, TEACHER, 4.0)) == pytest.approx(0.0, abs=1e-5)
    assert float(LOSSES[name](STUDENT, TEACHER, 4.0)) > 1e-2


def test_standardised_logits_need_not_be_as_large_as_the_teachers():
    other = 0.1 * TEACHER + 3.0
    assert float(standardised(other, TEACHER, 2.0)) == pytest.approx(0.0, abs=1e-5)
    assert float(soft_targets(other, TEACHER, 2.0)) > 1e-2
    expected = [[(row - row.mean()) / row.std(ddof=1) for row in logits.numpy()] for logits in (STUDENT, TEACHER)]
    own, others = (torch.from_numpy(np.array(rows)) for rows in expected)
    assert float(standardised(STUDENT, TEACHER, 2.0)) == pytest.approx(float(soft_targets(own, others, 2.0)), rel=1e-4)


def test_dist_is_one_less_each_correlation_of_the_softened_answers():
    own, others = (torch.softmax(logits / 2, 1).numpy() for logits in (STUDENT, TEACHER))
    images = np.mean([np.corrcoef(own[row], others[row])[0, 1] for row in range(4)])
    classes = np.mean([np.corrcoef(own[:, column], others[:, column])[0, 1] for column in range(3)])
    assert float(dist(STUDENT, TEACHER, 2.0)) == pytest.approx(4 * (2 - images - classes), rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_has_finite_gradients_where_all_answers_are_alike(name):
    outputs = torch.zeros(2, 3, requires_grad=True)
    LOSSES[name](outputs, torch.ones(2, 3), 4.0).backward()
    assert torch.isfinite(outputs.grad).all()


def test_every_choice_of_the_form_has_a_loss():
    assert set(CHOICES) == set(LOSSES)
    assert Distill().loss in LOSSES
