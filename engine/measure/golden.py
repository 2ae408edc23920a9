"""The answers by which a deployment bundle proves itself elsewhere, and how far off they may be there."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.data.golden import GoldenExamples
from engine.measure.output_difference import AMPLIFIED, NUDGE, TOLERANCE, largest_difference
from engine.models.artifacts import OnnxModel
from engine.models.graph import is_quantized, load_proto, operators
from engine.runtimes import Session, open_session
from engine.settings import Target
from engine.tasks import Inputs, Outputs, scaled

STEP = 1 / 255
"""One step of an 8-bit activation, as a share of its range."""
_OF_FLOATS = (
    f"{AMPLIFIED} times what inputs larger by {NUDGE:g} change, at least {TOLERANCE:g}: other processors add the same "
    "products in another order"
)
_OF_INTEGERS = (
    "what inputs larger by one step of 8 bits (1/255) change: another processor may round an activation to the next "
    "step"
)


class GoldenAnswers(NamedTuple):
    """The outputs of every call, an example a call or as many as the graph is fixed to; and the tolerance, a share of
    the largest value of an output, with the sentence that says where it comes from."""

    calls: tuple[Outputs, ...]
    tolerance: float
    tolerance_source: str


def golden_answers(model: OnnxModel, examples: GoldenExamples, target: Target) -> GoldenAnswers:
    """What the model answers at this target. Raises RunError where it does not run."""
    with open_session(model.path, target.for_answers, output_names=model.output_names) as session:
        calls = tuple(session(inputs) for inputs in _calls(model, examples))
        allowed, source = max(TOLERANCE, AMPLIFIED * _change(session, model, examples, calls, NUDGE)), _OF_FLOATS
        if is_quantized(operators(load_proto(model.path))):
            of_a_step = _change(session, model, examples, calls, STEP)
            allowed, source = (of_a_step, _OF_INTEGERS) if of_a_step > allowed else (allowed, source)
    return GoldenAnswers(calls, allowed, source)


def _change(
    session: Session, model: OnnxModel, examples: GoldenExamples, calls: tuple[Outputs, ...], share: float
) -> float:
    """The largest change of an output where all floats of the inputs are larger by this share."""
    changed = (session(scaled(inputs, 1 + share)) for inputs in _calls(model, examples))
    return max(largest_difference(ours, theirs) for ours, theirs in zip(changed, calls, strict=True))


def _calls(model: OnnxModel, examples: GoldenExamples) -> Iterator[Inputs]:
    """The arrays of each call; the last one starts over where the graph is fixed to more examples than are left."""
    size, batched = model.batch or 1, {spec.name for spec in model.input_specs if spec.batched}
    for start in range(0, examples.n, size):
        rows = np.arange(start, start + size) % examples.n
        yield {name: values[rows] if name in batched else values for name, values in examples.inputs.items()}
