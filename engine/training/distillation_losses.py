"""How a student's answers are compared with its teacher's: a loss of logits, at a temperature."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional

from engine.settings.distillation import DistillationLoss

DistillationLossFunction = Callable[[Tensor, Tensor, float], Tensor]
"""From the student's and the teacher's logits (B, classes), float32, and a temperature to a scalar."""
EPSILON = 1e-7


def soft_targets(outputs: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """The divergence of both softened distributions, times the squared temperature.

    Hinton et al., https://arxiv.org/abs/1503.02531.
    """
    probabilities = functional.softmax(answers / temperature, dim=1)
    log_probabilities = functional.log_softmax(outputs / temperature, dim=1)
    return functional.kl_div(log_probabilities, probabilities, reduction="batchmean") * temperature**2


def standardised(outputs: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """`soft_targets` of logits that have mean 0 and standard deviation 1 in every image.

    Sun et al., https://arxiv.org/abs/2403.01427, algorithm 1.
    """
    return soft_targets(_standardised(outputs), _standardised(answers), temperature)


def dist(outputs: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """One less the correlation of softened answers over classes, and the same over images, times temperature squared.

    Huang et al., https://arxiv.org/abs/2205.10536, equations 9 to 11, both parts with weight 1.
    """
    own, others = (functional.softmax(logits / temperature, dim=1) for logits in (outputs, answers))
    between_classes = 1 - _correlation(own, others).mean()
    within_classes = 1 - _correlation(own.T, others.T).mean()
    return (between_classes + within_classes) * temperature**2


LOSSES: Mapping[DistillationLoss, DistillationLossFunction] = {
    "soft_targets": soft_targets,
    "standardised": standardised,
    "dist": dist,
}


def _standardised(logits: Tensor) -> Tensor:
    return (logits - logits.mean(1, keepdim=True)) / (logits.std(1, keepdim=True) + EPSILON)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """(rows,) Pearson's correlation of the rows of two matrices (rows, columns)."""
    own, others = (rows - rows.mean(1, keepdim=True) for rows in (one, other))
    return functional.cosine_similarity(own, others, dim=1, eps=EPSILON)
