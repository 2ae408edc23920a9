"""Which values of a graph leave the range of 16-bit floats."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.errors import StepError
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line, values_session
from engine.tasks import Inputs

LARGEST = 65504.0
"""The largest finite 16-bit float (IEEE 754 binary16)."""
HEADROOM = 2.0
"""How much larger than on the images that were tried a value may become on others."""
_BOUNDS = frozenset({"Clip", "Min", "Max"})
"""Operators whose inputs after the first are bounds. A bound beyond the range may become the largest 16-bit float."""


def overflowing(proto: onnx.ModelProto, batches: Iterable[Inputs]) -> dict[str, float]:
    """Largest magnitude of each value that is too large for 16 bits, by name: weights, and what FP32 computes from
    `batches`, each the inputs of one call.

    Infinities do not count: 16 bits have these too. Raises StepError where onnxruntime cannot run the graph.
    """
    maxima = _weights(proto)
    for name, value in _activations(proto, batches).items():
        if np.isfinite(value) and value > LARGEST / HEADROOM:
            maxima[name] = value
    return maxima


def touching(proto: onnx.ModelProto, values: Iterable[str]) -> list[str]:
    """Names of the nodes that make or read one of these values."""
    value_names = set(values)
    return [node.name for node in proto.graph.node if value_names & {*node.input, *node.output}]


def _weights(proto: onnx.ModelProto) -> dict[str, float]:
    bounds = {name for node in proto.graph.node if node.op_type in _BOUNDS for name in node.input[1:]}
    maxima = {}
    for tensor in proto.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or tensor.name in bounds:
            continue
        values = np.abs(numpy_helper.to_array(tensor))
        largest = float(np.max(values, where=np.isfinite(values), initial=0.0))
        if largest > LARGEST:
            maxima[tensor.name] = largest
    return maxima


def _activations(proto: onnx.ModelProto, batches: Iterable[Inputs]) -> dict[str, float]:
    with_maxima, maxima = _with_maxima(proto)
    largest: dict[str, float] = {}
    try:
        magnitudes = values_session(with_maxima.SerializeToString(), list(maxima), threads=1, log="fatal")
        for inputs in batches:
            for value, magnitude in zip(maxima.values(), magnitudes(inputs), strict=True):
                largest[value] = max(largest.get(value, 0.0), float(magnitude))
    except ORT_ERRORS as error:
        raise StepError(
            f"onnxruntime cannot watch this model's values: {first_line(error)}",
            "Leave float16 out, or export the model again",
        ) from error
    return largest


def _with_maxima(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, str]]:
    """The graph with further outputs, one for the largest magnitude of each float that it computes, and a table from
    their names to those of the values.

    The outputs are magnitudes and not values: those of a whole batch might not fit the memory.
    """
    inferred = onnx.shape_inference.infer_shapes(proto)
    graph = inferred.graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)}
    floats = [name for node in graph.node for name in node.output if kinds.get(name) == TensorProto.FLOAT]
    maxima = {f"{name}__largest": name for name in floats}
    for output, name in maxima.items():
        graph.node.append(helper.make_node("Abs", [name], [f"{name}__magnitude"]))
        graph.node.append(helper.make_node("ReduceMax", [f"{name}__magnitude"], [output], keepdims=0))
        graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, []))
    return inferred, maxima
