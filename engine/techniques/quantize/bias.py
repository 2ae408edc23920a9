"""Analytic bias correction: subtracts from each layer's bias the mean error that rounding its weights causes.

Nagel et al., https://arxiv.org/abs/1906.04721, section 4.2, with the inputs' means from calibration images: the bias
of a layer loses (Wq - W)·E[x].
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper


def correct_biases(quantized: onnx.ModelProto, folded: onnx.ModelProto, means: Mapping[str, np.ndarray]) -> int:
    """Changes the int32 biases of `quantized` in place and returns how many layers were corrected.

    `folded` is the float graph that it was made of, `means` the (channels,) means of the layers' inputs there.
    """
    weights = {tensor.name: tensor for tensor in folded.graph.initializer}
    stored = {tensor.name: tensor for tensor in quantized.graph.initializer}
    dequantized = {node.output[0]: node for node in quantized.graph.node if node.op_type == "DequantizeLinear"}
    layers = {node.name: node for node in quantized.graph.node}
    readers = [name for node in quantized.graph.node for name in node.input]
    corrected = 0
    for node in folded.graph.node:
        quantized_node = layers.get(node.name)
        if quantized_node is None or not _correctable(node, weights, means) or len(quantized_node.input) < 3:
            continue
        weight, bias = dequantized.get(quantized_node.input[1]), dequantized.get(quantized_node.input[2])
        if weight is None or bias is None or readers.count(bias.input[0]) > 1:
            continue
        error = _values(weight, stored) - numpy_helper.to_array(weights[node.input[1]])
        shift = _mean_output(node, error, means[node.input[0]])
        if shift is not None:
            _subtract(shift, bias, stored)
            corrected += 1
    return corrected


def _correctable(node: onnx.NodeProto, weights: Mapping[str, object], means: Mapping[str, np.ndarray]) -> bool:
    return node.op_type in ("Conv", "Gemm") and node.input[1] in weights and node.input[0] in means


def _values(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> np.ndarray:
    """The output of a DequantizeLinear whose input is an initializer."""
    integers, scale, zero = (numpy_helper.to_array(stored[name]) for name in node.input[:3])
    axis = next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == "axis"), 1)
    if scale.ndim == 1 and scale.size > 1:
        shape = [-1 if dim == axis % integers.ndim else 1 for dim in range(integers.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return np.asarray((integers.astype(np.float64) - zero) * scale)


def _mean_output(node: onnx.NodeProto, weight: np.ndarray, mean: np.ndarray) -> np.ndarray | None:
    """(outputs,): the output of a layer with this weight for its mean input; None for unsupported attributes."""
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if node.op_type == "Gemm":
        if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0 or attributes.get("transA", 0):
            return None
        return np.asarray((weight if attributes.get("transB", 0) else weight.T) @ mean)
    groups = attributes.get("group", 1)
    per_input = weight.reshape(*weight.shape[:2], -1).sum(axis=2).reshape(groups, -1, weight.shape[1])
    return np.asarray(np.einsum("goi,gi->go", per_input, mean.reshape(groups, -1)).reshape(-1))


def _subtract(shift: np.ndarray, bias: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> None:
    name, scale = bias.input[0], numpy_helper.to_array(stored[bias.input[1]])
    limits = np.iinfo(np.int32)
    values = numpy_helper.to_array(stored[name]) - np.rint(shift / scale)
    stored[name].CopyFrom(numpy_helper.from_array(np.clip(values, limits.min, limits.max).astype(np.int32), name))
