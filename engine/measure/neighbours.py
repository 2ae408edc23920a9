"""Whether an example's answer depends on the other examples of its call."""

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from onnx import helper

from engine.errors import LimitError, RunError
from engine.measure.output_difference import AMPLIFIED, NUDGE, TOLERANCE, largest_difference, outputs_of
from engine.measure.predictions import range_operators
from engine.models.artifacts import OnnxModel
from engine.models.counts import constant_tensors
from engine.models.graph import load_proto
from engine.models.tensors import model_nodes
from engine.results import Note, codes
from engine.runtimes import exact_target
from engine.settings import Target
from engine.tasks import Inputs, Outputs, n_examples, resized, scaled
from engine.wording import many

N_EXAMPLES = 4
"""Examples that are put beside each other; images with as many negatives of them."""
TRAINING_MODE_OPSET = 14
"""The first opset in which BatchNormalization says that it trains; before, it has more than one output then."""
_NORMALISED = frozenset({"Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "LpNormalization"})


def neighbour_note(model: OnnxModel, inputs: Inputs, target: Target) -> Note | None:
    """A note where an example's answer depends on the others of its call, with what causes it; None where it does not.

    `inputs` are those of one call, of which the first few examples are used. Whether it depends is measured: the first
    example alone and among others gives outputs that differ by more than rounding. A graph with operators that take one
    range for all examples of a call depends on them whatever these few say. A model that does not run on them has no
    note for that: whoever asks it for answers says why.
    """
    if model.batch == 1:
        return None
    noun = "example" if model.inputs else "image"
    together = _together(model, inputs)
    worst, allowed = _difference(model, together, exact_target(target))
    proto = load_proto(model.path)
    ranges = range_operators(proto)
    if worst <= allowed and not ranges:
        return None
    batch = model.batch or target.batch_size
    text = (
        f"An {noun}'s answer depends on the other {noun}s of its call{_cause(proto, ranges)}."
        f"{_measured(worst, noun, n_examples(together) - 1)} All "
        f"answers are taken with {many(batch, noun)} a call, as the target has it"
    )
    return Note(code=codes.BATCH_DEPENDENT, text=text)


def _together(model: OnnxModel, inputs: Inputs) -> Inputs:
    """The examples of one call, as many as a fixed batch has; arrays may be indices, which have no negatives."""
    few = resized(inputs, min(N_EXAMPLES, n_examples(inputs)))
    together = few if isinstance(few, Mapping) else np.concatenate([few, -few])
    return resized(together, model.batch or n_examples(together))


def _difference(model: OnnxModel, together: Inputs, target: Target) -> tuple[float, float]:
    """The difference of the first one's outputs alone and among others, and what rounding explains, as shares."""
    first = resized(together, 1)
    try:
        alone = outputs_of(model, first, target)
        among = _first_row(outputs_of(model, together, target), n_examples(together), alone)
        worst, allowed = largest_difference(among, alone), TOLERANCE
        if worst > allowed:
            nudged = outputs_of(model, scaled(first, 1 + NUDGE), target)
            allowed = max(allowed, AMPLIFIED * largest_difference(nudged, alone))
    except LimitError:
        raise
    except RunError:
        return 0.0, TOLERANCE
    return worst, allowed


def _first_row(outputs: Outputs, n: int, alone: Outputs) -> Outputs:
    """The first example's share of n, without outputs that have no row an example or another length beside others."""
    rows = {name: values[:1] for name, values in outputs.items() if values.ndim and len(values) == n}
    return {name: row for name, row in rows.items() if row.shape == alone[name].shape}


def _measured(worst: float, noun: str, n_others: int) -> str:
    """A sentence on the difference, as a share of the largest output; empty where there was none."""
    if not worst:
        return ""
    amount = f"differ by {worst:.1e} of the largest one" if np.isfinite(worst) else "are not finite in both cases"
    return f" One {noun} alone and among {many(n_others, 'other')} gave outputs that {amount}."


def _cause(proto: onnx.ModelProto, ranges: list[str]) -> str:
    """A clause on the operators that are known to do so, with what can be done about it; empty where none is found."""
    if ranges:
        return f", since {ranges[0]} takes one range for all of them"
    if any(_trains(node, proto) for node in model_nodes(proto)):
        return (
            ", since BatchNormalization computes as in training: export the model in evaluation mode (model.eval()), "
            "and it will not"
        )
    across = next((node.op_type for node in model_nodes(proto) if 0 in _axes(node, proto)), None)
    return f", since {across} computes over the batch axis" if across else ""


def _trains(node: onnx.NodeProto, proto: onnx.ModelProto) -> bool:
    if node.op_type != "BatchNormalization":
        return False
    if _opset(proto) >= TRAINING_MODE_OPSET:
        return any(entry.name == "training_mode" and entry.i for entry in node.attribute)
    return sum(bool(name) for name in node.output) > 1


def _axes(node: onnx.NodeProto, proto: onnx.ModelProto) -> Iterator[int]:
    """The axes that a node computes over, as far as the graph says; none for operators that keep them apart."""
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if node.op_type in _NORMALISED:
        yield from [attributes["axis"]] if "axis" in attributes else []
    if not node.op_type.startswith("Reduce"):
        return
    yield from attributes.get("axes", [])
    stored = constant_tensors(proto).get(node.input[1]) if len(node.input) > 1 else None
    if stored is not None:
        yield from onnx.numpy_helper.to_array(stored).reshape(-1).tolist()


def _opset(proto: onnx.ModelProto) -> int:
    return max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)
