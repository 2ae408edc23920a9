"""The answers by which a deployment bundle proves itself elsewhere, and how far off they may be there."""

from typing import NamedTuple

from engine.data.golden import GoldenExamples
from engine.measure.output_difference import AMPLIFIED, NUDGE, TOLERANCE, largest_difference
from engine.models.artifacts import OnnxModel
from engine.models.graph import is_quantized, load_proto, operators
from engine.runtimes import Session, open_session
from engine.settings import Target
from engine.tasks import Outputs, scaled

FLIPS = (NUDGE, -NUDGE, 10 * NUDGE, -10 * NUDGE)
"""Changes of the inputs, as shares, that flip about as many roundings to 8 bits as another processor does."""
_OF_FLOATS = (
    f"{AMPLIFIED} times what inputs larger by {NUDGE:g} change, at least {TOLERANCE:g}: other processors add the same "
    "products in another order"
)
_OF_INTEGERS = (
    f"what inputs changed by up to {max(FLIPS):g} change, at least {TOLERANCE:g}: rounding to 8 bits makes a whole "
    "step of the smallest difference between processors"
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
        calls = tuple(session(inputs) for inputs in examples.calls(model.input_specs, model.batch))
        rounds = is_quantized(operators(load_proto(model.path)))
        changes = [_change(session, model, examples, calls, share) for share in (FLIPS if rounds else (NUDGE,))]
    allowed = max(TOLERANCE, (1 if rounds else AMPLIFIED) * max(changes))
    return GoldenAnswers(calls, allowed, _OF_INTEGERS if rounds else _OF_FLOATS)


def _change(
    session: Session, model: OnnxModel, examples: GoldenExamples, calls: tuple[Outputs, ...], share: float
) -> float:
    """The largest change of an output where all floats of the inputs are changed by this share."""
    changed = (session(scaled(inputs, 1 + share)) for inputs in examples.calls(model.input_specs, model.batch))
    return max(largest_difference(ours, theirs) for ours, theirs in zip(changed, calls, strict=True))
