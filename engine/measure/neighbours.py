"""Whether an image's answer depends on the other images of its call."""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper

from engine.measure.output_difference import AMPLIFIED, NUDGE, TOLERANCE, largest_difference, outputs_of
from engine.measure.predictions import range_operators
from engine.models.artifacts import OnnxModel
from engine.models.counts import constant_tensors
from engine.models.graph import load_proto
from engine.models.tensors import model_nodes
from engine.results import Note, codes
from engine.settings import Target
from engine.wording import many

N_IMAGES = 4
"""Images that are put beside each other, with as many negatives of them."""
TRAINING_MODE_OPSET = 14
"""The first opset in which BatchNormalization says that it trains; before, it has more than one output then."""
_NORMALISED = frozenset({"Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "LpNormalization"})


def neighbour_note(model: OnnxModel, images: np.ndarray, target: Target) -> Note | None:
    """A note where an image's answer depends on the others of its call, with what causes it; None where it does not.

    `images` is (N, C, H, W) float32, of which the first few are used. Whether it depends is measured: the first image
    alone and among others gives outputs that differ by more than rounding. A graph with operators that take one range
    for all images of a call depends on them whatever these few images say. Raises RunError where the model does not
    run.
    """
    if model.batch == 1:
        return None
    worst, allowed = _difference(model, images[:N_IMAGES], target)
    proto = load_proto(model.path)
    ranges = range_operators(proto)
    if worst <= allowed and not ranges:
        return None
    batch = model.batch or target.batch_size
    text = (
        f"An image's answer depends on the other images of its call{_cause(proto, ranges)}."
        f"{_measured(worst, 2 * len(images[:N_IMAGES]) - 1)} All "
        f"answers are taken with {many(batch, 'image')} a call, as the target has it"
    )
    return Note(code=codes.BATCH_DEPENDENT, text=text)


def _difference(model: OnnxModel, images: np.ndarray, target: Target) -> tuple[float, float]:
    """The difference of the first image's outputs alone and among others, and what rounding explains, as shares."""
    together = np.concatenate([images, -images])
    if model.batch is not None:
        together = np.resize(together, (model.batch, *images.shape[1:]))
    alone = outputs_of(model, together[:1], target)
    worst, allowed = largest_difference(outputs_of(model, together, target)[:1], alone), TOLERANCE
    if worst > allowed:
        nudged = outputs_of(model, together[:1] * np.float32(1 + NUDGE), target)
        allowed = max(allowed, AMPLIFIED * largest_difference(nudged, alone))
    return worst, allowed


def _measured(worst: float, n_others: int) -> str:
    """A sentence on the difference, as a share of the largest output; empty where there was none."""
    if not worst:
        return ""
    amount = f"differ by {worst:.1e} of the largest one" if np.isfinite(worst) else "are not finite in both cases"
    return f" One image alone and among {many(n_others, 'other')} gave outputs that {amount}."


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
