"""Whether a rewritten graph still computes the same function, by the outputs of both on real images."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.measure.predictions import filled
from engine.models.artifacts import OnnxModel
from engine.runtimes import open_session
from engine.settings import Target

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
    model: OnnxModel, rewritten: Path, images: np.ndarray, target: Target, tolerance: float = TOLERANCE
) -> Difference:
    """How far the rewritten file's outputs are from the model's, on the first of the images and on all together.

    `images` is (N, C, H, W) float32. Raises RunError where one of the two does not run.
    """
    worst, allowed, changed = 0.0, tolerance, replace(model, path=rewritten)
    for some in (images[:1], images):
        reference = outputs_of(model, some, target)
        worst = max(worst, largest_difference(outputs_of(changed, some, target), reference))
        if worst > allowed:
            nudged = outputs_of(model, some * np.float32(1 + NUDGE), target)
            allowed = max(allowed, AMPLIFIED * largest_difference(nudged, reference))
    return Difference(worst, allowed)


def outputs_of(model: OnnxModel, images: np.ndarray, target: Target) -> np.ndarray:
    """(N, classes) float32 for images (N, C, H, W); fills up where the batch is fixed. Raises RunError."""
    with open_session(model.path, target, input_name=model.input_name, output_name=model.output_name) as session:
        return session(filled(images, model.batch))[: len(images)]


def largest_difference(outputs: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, as a share of the largest output; infinite where other outputs are finite."""
    finite = np.isfinite(reference)
    if outputs.shape != reference.shape or not np.array_equal(finite, np.isfinite(outputs)):
        return float("inf")
    scale = float(np.max(np.abs(reference), where=finite, initial=0.0)) or 1.0
    return float(np.max(np.abs(np.subtract(outputs, reference, where=finite, out=np.zeros_like(reference))))) / scale
