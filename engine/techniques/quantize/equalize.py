"""Cross-layer equalization: two convolutions in a row share out what their channels' weights differ by.

Nagel et al., https://arxiv.org/abs/1906.04721, section 4.1: f(s x) = s f(x) for positive s where f is ReLU or leaky
ReLU, so an output channel of the first layer can be divided by what the second one multiplies it with.
"""

from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from engine.models.nodes import readers_of
from engine.techniques.quantize.layers import attribute

HOMOGENEOUS = ("Relu", "LeakyRelu")
"""Activations that a positive factor goes through."""
LEAST_SHARE = 1e-4
"""Channels whose weights are below this share of their layer's largest keep them: their biases would become huge."""


class Pair(NamedTuple):
    """Two convolutions of which the second alone reads the first, at most through one of HOMOGENEOUS."""

    first: onnx.NodeProto
    second: onnx.NodeProto


def equalizable(proto: onnx.ModelProto) -> tuple[Pair, ...]:
    """The pairs whose channels can be equalized, in the order of the graph, which is sorted."""
    readers = readers_of(proto.graph)
    outputs = {value.name for value in proto.graph.output}
    floats = {tensor.name: tensor for tensor in proto.graph.initializer if tensor.data_type == TensorProto.FLOAT}

    def reader(name: str) -> onnx.NodeProto | None:
        found = readers.get(name, [])
        return found[0] if len(found) == 1 and name not in outputs else None

    def has_own_constants(node: onnx.NodeProto) -> bool:
        return all(name in floats and len(readers[name]) == 1 for name in node.input[1:] if name)

    pairs = []
    for first in proto.graph.node:
        if first.op_type != "Conv" or not has_own_constants(first):
            continue
        second = reader(first.output[0])
        if second is not None and second.op_type in HOMOGENEOUS:
            second = reader(second.output[0])
        if second is None or second.op_type != "Conv" or not has_own_constants(second):
            continue
        n_channels, n_groups = floats[first.input[1]].dims[0], attribute(second, "group", 1)
        if n_groups == 1 or n_groups == floats[second.input[1]].dims[0] == n_channels:
            pairs.append(Pair(first, second))
    return tuple(pairs)


def equalize(proto: onnx.ModelProto) -> int:
    """Gives the channels of every pair like ranges of weights, in place, and returns the number of pairs.

    Once, from the input to the output: repeated until nothing changes, as in the paper, RepVGG's static file is less
    faithful (15.9 dB, and 17.9 dB after the first time; docs/log.md).
    """
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    pairs = equalizable(proto)
    for first, second in pairs:
        left, right = (numpy_helper.to_array(tensors[node.input[1]]) for node in (first, second))
        axis = 0 if attribute(second, "group", 1) > 1 else 1
        scales = _scales(_ranges(left, 0), _ranges(right, axis))
        _multiply(tensors[first.input[1]], left, 1 / scales, 0)
        _multiply(tensors[second.input[1]], right, scales, axis)
        if len(first.input) > 2 and first.input[2]:
            bias = tensors[first.input[2]]
            _multiply(bias, numpy_helper.to_array(bias), 1 / scales, 0)
    return len(pairs)


def _ranges(weights: np.ndarray, axis: int) -> np.ndarray:
    """(channels,): the largest absolute weight of each channel of this axis."""
    others = tuple(number for number in range(weights.ndim) if number != axis)
    largest: np.ndarray = np.abs(weights).max(axis=others)
    return largest


def _scales(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(channels,): what divides the first layer's channels so that both layers' have the same range."""
    is_used = (first > LEAST_SHARE * first.max()) & (second > LEAST_SHARE * second.max())
    scales: np.ndarray = np.sqrt(np.where(is_used, first, 1) / np.where(is_used, second, 1))
    return scales


def _multiply(tensor: onnx.TensorProto, values: np.ndarray, factors: np.ndarray, axis: int) -> None:
    shape = [-1 if number == axis else 1 for number in range(values.ndim)]
    product = (values * factors.reshape(shape)).astype(values.dtype)
    tensor.CopyFrom(numpy_helper.from_array(product, tensor.name))
