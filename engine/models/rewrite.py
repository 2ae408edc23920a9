"""How a file is rewritten when it is read, so that every step and every tool can take it; it computes the same."""

from collections import Counter

import numpy as np
import onnx

from engine.models.artifacts import OnnxModel
from engine.models.counts import dimensions, graph_inputs, inferred, with_fixed_input
from engine.models.nodes import name_nodes
from engine.results import TensorSpec
from engine.runtimes.onnx_runtime import ORT_ERRORS, values_session

SEPARATE_WEIGHTS_IR = 4
"""The first version of ONNX's format in which weights need not be listed among the inputs."""
_TWO = 2


def separate_weights(proto: onnx.ModelProto) -> int:
    """Takes the weights out of the graph's inputs, where old files list them, and returns how many there were.

    As inputs they could be replaced at every call, so that nothing that depends on them may be computed beforehand.
    """
    images = graph_inputs(proto)
    n_weights = len(proto.graph.input) - len(images)
    if n_weights:
        del proto.graph.input[:]
        proto.graph.input.extend(images)
    return n_weights


def raise_format(proto: onnx.ModelProto) -> bool:
    """Raises a format in which weights must be inputs to one in which they need not; whether it had to be raised."""
    is_old = proto.ir_version < SEPARATE_WEIGHTS_IR
    proto.ir_version = max(proto.ir_version, SEPARATE_WEIGHTS_IR)
    return is_old


def rename_duplicates(proto: onnx.ModelProto) -> int:
    """Gives each node of a name that another has too a name of its own, and returns how many were named.

    onnxruntime refuses such files, though names mean nothing.
    """
    counts = Counter(node.name for node in proto.graph.node if node.name)
    return name_nodes(proto.graph) if max(counts.values(), default=1) > 1 else 0


def fix_batch(proto: onnx.ModelProto, batch: int) -> None:
    """Declares this batch for every input whose batch is dynamic, and for the outputs that have the same axis."""
    names = set()
    for value in graph_inputs(proto):
        for dim in value.type.tensor_type.shape.dim[:1]:
            if dim.dim_value <= 0:
                names.add(dim.dim_param)
                dim.dim_value = batch
    for value in proto.graph.output:
        for dim in value.type.tensor_type.shape.dim[:1]:
            if dim.dim_value <= 0 and dim.dim_param in names:
                dim.dim_value = batch


def bakes_batch(model: OnnxModel, proto: onnx.ModelProto) -> bool:
    """Whether the graph, which declares a dynamic batch, cannot answer two images.

    A Reshape to a batch of one causes that, or a Slice of the first row. Inferred shapes tell of most graphs; two
    examples of zeros are tried where they do not.
    """
    rows = _inferred_rows(model, proto)
    if rows is not None:
        return rows != _TWO
    zeros = np.zeros((_TWO, *model.input_shape), np.float32) if model.input_shape else _zeros(model.inputs)
    try:
        (output,) = values_session(model.path, [model.output_name], threads=1, log="fatal")(zeros)
    except ORT_ERRORS:
        return True
    return output.shape[:1] != (_TWO,)


def _zeros(inputs: tuple[TensorSpec, ...]) -> dict[str, np.ndarray]:
    """Two examples of zeros; an axis of no fixed length is _TWO long."""
    lengths = {spec.name: [n if isinstance(n, int) else _TWO for n in spec.shape] for spec in inputs}
    return {
        spec.name: np.zeros((*([_TWO] if spec.batched else []), *lengths[spec.name]), spec.dtype) for spec in inputs
    }


def _inferred_rows(model: OnnxModel, proto: onnx.ModelProto) -> int | None:
    """The rows of the main output for two examples, by shape inference; None where it cannot tell."""
    two = inferred(with_fixed_input(proto, None, batch=_TWO))
    dims = {value.name: dimensions(value) for value in two.graph.output}.get(model.output_name)
    return dims[0] if dims and isinstance(dims[0], int) else None
