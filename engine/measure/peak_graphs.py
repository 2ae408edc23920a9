"""ONNX graphs that do nothing but one operation in one data type, many times in a row, to see how fast that can be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.results.machine import DataType, Operation

OPSET, IR_VERSION = 17, 8
INPUT, OUTPUT = "image", "result"
GEMM_SIZE, GEMM_LENGTH = 768, 6
"""Matrices of this many rows and columns, and how many products follow each other: 2.3 MB each in FP32."""
CONV_SHAPE, CONV_LENGTH = (1, 128, 56, 56), 4
"""As in the middle of a ResNet at 224 px; 3x3 kernels."""
DEPTHWISE_SHAPE, DEPTHWISE_LENGTH = (1, 384, 28, 28), 16
"""As in the middle of a mobile network at 224 px; 3x3 kernels."""
STREAM_LENGTH = 3
"""Elementwise passes over a tensor that no cache holds."""
ACTIVATION_SCALE, ACTIVATION_ZERO = 1 / 32, 128
"""Of U8 activations: they hold -4 to 4."""


@dataclass(frozen=True)
class PeakGraph:
    """A serialised model with one input and one output, and what one call of it does."""

    model: bytes
    input_shape: tuple[int, ...]
    amount: int
    """Operations of one call, two a multiply-add; of the graph that moves memory, bytes."""


def peak_graph(operation: Operation, data_type: DataType) -> PeakGraph:
    """A chain of one operation; bf16 has the graph of f32, since a runtime alone computes in it."""
    shape, length, weight_shape = _CHAINS[operation]
    builder = _Builder(data_type)
    node = builder.product if operation == "gemm" else builder.convolution
    n_groups = shape[1] if operation == "depthwise" else 1
    value = builder.begin()
    for number in range(length):
        value = node(value, f"layer{number}", weight_shape, n_groups)
    outputs = int(np.prod(shape))
    depth = weight_shape[0] if operation == "gemm" else int(np.prod(weight_shape[1:]))
    return PeakGraph(builder.model(value, shape), shape, 2 * length * outputs * depth)


def stream_graph(n_elements: int) -> PeakGraph:
    """Sums with one number over a large FP32 tensor: each reads and writes it once, and a maximum reads it at the end.

    The maximum keeps the result small, so that no copy of it is timed.
    """
    nodes, value = [], INPUT
    for number in range(STREAM_LENGTH):
        nodes.append(helper.make_node("Add", [value, "one"], [f"sum{number}"]))
        value = f"sum{number}"
    nodes.append(helper.make_node("ReduceMax", [value], [OUTPUT], keepdims=1))
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    model = _model(nodes, [one], TensorProto.FLOAT, (1, n_elements), (1, 1))
    return PeakGraph(model, (1, n_elements), 4 * n_elements * (2 * STREAM_LENGTH + 1))


_CHAINS: dict[Operation, tuple[tuple[int, ...], int, tuple[int, ...]]] = {
    "gemm": ((GEMM_SIZE, GEMM_SIZE), GEMM_LENGTH, (GEMM_SIZE, GEMM_SIZE)),
    "conv": (CONV_SHAPE, CONV_LENGTH, (CONV_SHAPE[1], CONV_SHAPE[1], 3, 3)),
    "depthwise": (DEPTHWISE_SHAPE, DEPTHWISE_LENGTH, (DEPTHWISE_SHAPE[1], 1, 3, 3)),
}
"""Shape of input and output, number of layers, shape of a layer's weights."""


class _Builder:
    """Nodes and weights of a chain; its weights keep the deviation of what goes through them."""

    def __init__(self, data_type: DataType) -> None:
        self._is_int8 = data_type == "int8"
        self._kind = np.float16 if data_type == "f16" else np.float32
        self._random = np.random.default_rng(0)
        self._nodes: list[onnx.NodeProto] = []
        self._tensors: list[TensorProto] = []

    def begin(self) -> str:
        """The name of the value that the first layer reads."""
        if self._is_int8:
            self._add("scale", np.float32(ACTIVATION_SCALE))
            self._add("zero", np.uint8(ACTIVATION_ZERO))
        return self._requantized(INPUT)

    def product(self, value: str, name: str, weight_shape: tuple[int, ...], n_groups: int) -> str:
        """A product of matrices by weights (K, N), whose scales are one a column."""
        weight = self._weight(name, weight_shape, depth=weight_shape[0], axis=1)
        return self._layer("MatMul", [value, weight], name)

    def convolution(self, value: str, name: str, weight_shape: tuple[int, ...], n_groups: int) -> str:
        """A convolution of weights (M, C / groups, 3, 3) that keeps height and width."""
        weight = self._weight(name, weight_shape, depth=int(np.prod(weight_shape[1:])), axis=0)
        return self._layer("Conv", [value, weight], name, group=n_groups, pads=[1, 1, 1, 1])

    def model(self, value: str, shape: tuple[int, ...]) -> bytes:
        """The serialised model whose output is this value."""
        self._nodes.append(helper.make_node("Identity", [value], [OUTPUT]))
        kind = TensorProto.FLOAT16 if self._kind is np.float16 else TensorProto.FLOAT
        return _model(self._nodes, self._tensors, kind, shape, shape)

    def _layer(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return self._requantized(name)

    def _requantized(self, value: str) -> str:
        """The value as U8 and back, as a QDQ file has it between layers; of other data types the value itself."""
        if not self._is_int8:
            return value
        quantized, floats = f"{value}_quantized", f"{value}_dequantized"
        self._nodes += [
            helper.make_node("QuantizeLinear", [value, "scale", "zero"], [quantized]),
            helper.make_node("DequantizeLinear", [quantized, "scale", "zero"], [floats]),
        ]
        return floats

    def _weight(self, name: str, shape: tuple[int, ...], *, depth: int, axis: int) -> str:
        """Weights of a deviation of 1 / sqrt(depth); of INT8 as S8, with a scale for each output channel."""
        weights = self._random.standard_normal(shape) / np.sqrt(depth)
        if not self._is_int8:
            return self._add(f"{name}_weight", weights.astype(self._kind))
        others = tuple(number for number in range(len(shape)) if number != axis)
        scales = np.abs(weights).max(axis=others, keepdims=True) / 127
        floats = f"{name}_weight"
        inputs = [
            self._add(f"{floats}_quantized", np.rint(weights / scales).astype(np.int8)),
            self._add(f"{floats}_scale", scales.astype(np.float32).ravel()),
            self._add(f"{floats}_zero", np.zeros(shape[axis], np.int8)),
        ]
        self._nodes.append(helper.make_node("DequantizeLinear", inputs, [floats], axis=axis))
        return floats

    def _add(self, name: str, values: np.ndarray | np.generic) -> str:
        self._tensors.append(numpy_helper.from_array(np.asarray(values), name))
        return name


Nodes = list[onnx.NodeProto]


def _model(
    nodes: Nodes, tensors: list[TensorProto], kind: int, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> bytes:
    value: Callable[..., onnx.ValueInfoProto] = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "peak", [value(INPUT, kind, input_shape)], [value(OUTPUT, kind, output_shape)], tensors
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return model
