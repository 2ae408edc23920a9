"""Whether a rewritten graph still computes the same function, by the outputs of both on real images."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.models.artifacts import OnnxModel
from engine.runtimes import open_session
from engine.settings import Target
from engine.tasks import Inputs, Outputs, n_examples, resized, scaled

TOLERANCE = 1e-4
"""Largest difference of a logit, as a share of the largest, that another order of the same sums may cause."""
NUDGE, AMPLIFIED = 1e-5, 10
"""A badly conditioned network (one with random weights, say) amplifies such differences. Its tolerance is AMPLIFIED
times the difference that images brighter by the share NUDGE make."""


@dataclass(frozen=True)
class Difference:
    """The largest difference of an output and what rounding explains, both as shares of the largest output."""

    worst: float
    allowed: float

    @property
    def is_rounding(self) -> bool:
        return self.worst <= self.allowed


def compare_outputs(
    model: OnnxModel, rewritten: Path, inputs: Inputs, target: Target, tolerance: float = TOLERANCE
) -> Difference:
    """How far the rewritten file's outputs are from the model's, on the first of the examples and on all together.

    Raises RunError where one of the two does not run.
    """
    worst, allowed, changed = 0.0, tolerance, replace(model, path=rewritten)
    for some in (resized(inputs, 1), inputs):
        reference = outputs_of(model, some, target)
        worst = max(worst, largest_difference(outputs_of(changed, some, target), reference))
        if worst > allowed:
            nudged = outputs_of(model, scaled(some, 1 + NUDGE), target)
            allowed = max(allowed, AMPLIFIED * largest_difference(nudged, reference))
    return Difference(worst, allowed)


def outputs_of(model: OnnxModel, inputs: Inputs, target: Target) -> Outputs:
    """The measured outputs for these examples, without those of a batch that had to be filled up. Raises RunError."""
    n = n_examples(inputs)
    n_called = model.batch or n
    with open_session(model.path, target.for_answers, output_names=model.output_names) as session:
        outputs = session(resized(inputs, n_called))
    return {name: values[:n] if values.ndim and len(values) == n_called else values for name, values in outputs.items()}


def largest_difference(outputs: Outputs, reference: Outputs) -> float:
    """The difference of the output that differs most, as a share of its largest value in the reference; 0 for none."""
    return max((_difference_of(values, reference[name]) for name, values in outputs.items()), default=0.0)


def _difference_of(values: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, as a share of the largest value; infinite where other values are finite."""
    if values.shape != reference.shape:
        return float("inf")
    values, reference = values.astype(np.float64), reference.astype(np.float64)
    finite = np.isfinite(reference)
    if not np.array_equal(finite, np.isfinite(values)):
        return float("inf")
    scale = float(np.max(np.abs(reference), where=finite, initial=0.0)) or 1.0
    return (
        float(np.max(np.abs(np.subtract(values, reference, where=finite, out=np.zeros_like(reference))), initial=0.0))
        / scale
    )
