"""What the loop learns: labels, a teacher's answers, or both."""

import numpy as np
import pytest
import torch
from timm.data.mixup import Mixup

from engine.training.batches import Batch
from engine.training.objectives import Answers, Labels

PLAIN = np.array([[4.0, 0.0, 1.0], [0.0, 3.0, 2.0], [1.0, 0.0, 5.0]], dtype=np.float32)
ROWS = np.array([2, 0])
BATCH = Batch(ROWS, 0, np.zeros((2, 1, 1, 1), np.uint8), torch.zeros(2, 1, 1, 1))
LABELS = Labels(np.array([0, 1, 1]), smoothing=0.0)


def answers(**changed):
    values = {"answers": lambda batch: PLAIN[batch.rows], "plain": PLAIN, "n_views": 1, "temperature": 2.0}
    return Answers(**(values | changed))


def test_labels_are_judged_by_the_largest_output():
    outputs = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]])
    assert LABELS.right(outputs, ROWS) == 2
    expected = torch.nn.functional.cross_entropy(outputs, torch.tensor([1, 0]))
    assert LABELS.loss_of(outputs, BATCH) == pytest.approx(float(expected))


def test_the_loss_is_the_divergence_from_the_softened_answers_and_none_where_they_are_given():
    right = torch.from_numpy(PLAIN[ROWS])
    assert answers().loss_of(right, BATCH) == pytest.approx(0.0, abs=1e-6)
    outputs = torch.tensor([[0.5, 0.0, 1.0], [1.0, 0.0, 0.0]])
    wanted, given = (np.exp(logits / 2) for logits in (PLAIN[ROWS], outputs.numpy()))
    wanted, given = (values / values.sum(1, keepdims=True) for values in (wanted, given))
    by_hand = 4 * (wanted * np.log(wanted / given)).sum(1).mean()
    assert float(answers().loss_of(outputs, BATCH)) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_labels_have_their_share_of_the_loss(share):
    outputs = torch.tensor([[0.5, 0.0, 1.0], [1.0, 0.0, 0.0]])
    mixed = answers(labels=LABELS, label_share=share).loss_of(outputs, BATCH)
    alone, hard = answers().loss_of(outputs, BATCH), LABELS.loss_of(outputs, BATCH)
    assert float(mixed) == pytest.approx(float((1 - share) * alone + share * hard), rel=1e-5)


def test_without_labels_right_is_what_the_teacher_answers():
    outputs = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    assert answers().right(outputs, ROWS) == 1
    assert answers(labels=LABELS, label_share=0.5).right(outputs, ROWS) == 0


def test_a_lesson_asks_the_module_itself():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 3))
    expected = module(BATCH.images)
    for objective in (LABELS, answers()):
        torch.testing.assert_close(objective.loss(module, BATCH), objective.loss_of(expected, BATCH))


def test_mixed_images_are_learnt_with_mixed_labels():
    np.random.seed(0)
    seen = []

    class Watched(torch.nn.Module):
        def forward(self, images):
            seen.append(images)
            return torch.zeros(len(images), 3, requires_grad=True)

    batch = Batch(np.arange(3), 0, np.zeros((3, 1, 1, 1), np.uint8), torch.tensor([0.0, 1.0, 9.0]).view(3, 1, 1, 1))
    mixed = Labels(np.array([0, 1, 1]), 0.0, mixup=Mixup(mixup_alpha=1.0, label_smoothing=0.0, num_classes=3))
    loss = mixed.loss(Watched(), batch)
    one, other = seen[0].flatten().tolist()
    assert 0 < one < 1
    assert one + other == pytest.approx(1)
    torch.testing.assert_close(loss.detach(), torch.tensor(3.0).log())
    assert batch.images.flatten().tolist() == [0, 1, 9]
