"""What an ONNX graph computes and moves for one example: an estimate, before a runtime changes the graph."""

import math
from collections import Counter
from dataclasses import dataclass

import onnx
from onnx import TensorProto

from engine.models.counts import (
    Shape,
    batch_of,
    constant_tensors,
    graph_inputs,
    hides_macs,
    inferred,
    node_macs,
    static_shapes,
    with_fixed_input,
)
from engine.models.tensors import tensor_bytes
from engine.results.machine import DataType, Operation, Share

FUSED = frozenset(
    (
        *("Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Gelu", "Tanh", "Erf"),
        *("BatchNormalization", "QuantizeLinear", "DequantizeLinear", "Cast", "Identity", "Dropout"),
        *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Shape"),
    )
)
"""Operators that runtimes compute together with what they read, or that move nothing."""
_INTEGER_OPERATORS = frozenset({"ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"})
_BYTES: dict[DataType, int] = {"f32": 4, "bf16": 2, "f16": 2, "int8": 1}


@dataclass(frozen=True)
class GraphWorkload:
    """What one example costs; `shares` are empty where the graph does not tell its multiply-adds.

    `activation_bytes` is None where it does not tell a shape. Weights are read once a call, whatever its batch.
    """

    shares: tuple[Share, ...]
    weight_bytes: int
    activation_bytes: int | None
    n_nodes: int


def count_workload(
    model: onnx.ModelProto, input_shape: Shape | None, precision: DataType, *, of_all_floats: bool = False
) -> GraphWorkload:
    """The workload of a graph in a runtime that computes 32-bit floats in `precision`, `of_all_floats` 16-bit ones too.

    `input_shape`, the axes after the batch in the graph's order, fixes dynamic ones. The bytes are those of the stored
    weights, of the input, and of every tensor that one layer writes and another reads; what FUSED names is counted with
    the layer before it.
    """
    graph = _Graph(with_fixed_input(model, input_shape), precision, of_all_floats)
    batch = batch_of(graph.model)
    moved = graph.activation_bytes()
    hidden = bool(model.functions) or any(map(hides_macs, graph.nodes))
    return GraphWorkload(
        shares=() if hidden else graph.shares(batch),
        weight_bytes=graph.weight_bytes(),
        activation_bytes=None if moved is None else moved // batch,
        n_nodes=len(graph.nodes),
    )


class _Graph:
    """The nodes of a graph that depend on its input, and the shapes and number types of its values."""

    def __init__(self, model: onnx.ModelProto, precision: DataType, of_all_floats: bool) -> None:
        self.model, self._precision, self._of_all_floats = model, precision, of_all_floats
        self._weights = constant_tensors(model)
        with_shapes = inferred(model)
        self._shapes = static_shapes(with_shapes) | {name: tuple(one.dims) for name, one in self._weights.items()}
        values = (*with_shapes.graph.input, *with_shapes.graph.value_info, *with_shapes.graph.output)
        self._types = {value.name: value.type.tensor_type.elem_type for value in values}
        constants = set(self._weights)
        self.nodes: list[onnx.NodeProto] = []
        for node in model.graph.node:
            if constants.issuperset(filter(None, node.input)):
                constants.update(node.output)
            else:
                self.nodes.append(node)
        self._producers = {output: node for node in model.graph.node for output in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.input):
                self._readers.setdefault(name, []).append(node)

    def shares(self, batch: int) -> tuple[Share, ...]:
        """Operations by kind, two a multiply-add, for one example; empty where a shape is not known."""
        totals = Counter[tuple[Operation, DataType]]()
        for node in self.nodes:
            macs = node_macs(node, self._shapes)
            if macs is None:
                return ()
            if macs:
                totals[self._operation(node), self._data_type(node)] += 2 * macs
        return tuple(
            Share(operation=operation, data_type=data_type, operations=total // batch)
            for (operation, data_type), total in totals.most_common()
        )

    def weight_bytes(self) -> int:
        """Bytes of the stored weights as they lie in the file, each once."""
        names = {name for node in self.model.graph.node for name in node.input}
        return sum(tensor_bytes(tensor) for name, tensor in self._weights.items() if name in names)

    def activation_bytes(self) -> int | None:
        """Bytes of the input, read once, and of every tensor between layers, written and read; None for open shapes."""
        total = 0
        for value in graph_inputs(self.model):
            if value.name not in self._shapes:
                return None
            total += math.prod(self._shapes[value.name]) * self._element_bytes(value.name)
        for node in self.nodes:
            if node.op_type in FUSED:
                continue
            for name in filter(None, node.output[:1]):
                if name not in self._shapes:
                    return None
                total += 2 * math.prod(self._shapes[name]) * self._element_bytes(name)
        return total

    def _operation(self, node: onnx.NodeProto) -> Operation:
        if "Conv" not in node.op_type:
            return "gemm"
        weight = self._shapes[node.input[3 if node.op_type == "QLinearConv" else 1]]
        groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
        return "depthwise" if groups > 1 and weight[1] == 1 else "conv"

    def _data_type(self, node: onnx.NodeProto) -> DataType:
        """INT8 where both factors come from 8-bit values; else what the values' floats are computed in."""
        factors = [self._producers.get(name) for name in node.input[:2]]
        quantized = all(one is not None and one.op_type == "DequantizeLinear" for one in factors)
        if node.op_type in _INTEGER_OPERATORS or quantized:
            return "int8"
        return self._float_type(node.output[0])

    def _float_type(self, name: str) -> DataType:
        if self._of_all_floats:
            return self._precision
        short: dict[int, DataType] = {TensorProto.FLOAT16: "f16", TensorProto.BFLOAT16: "bf16"}
        return short.get(self._types.get(name, TensorProto.FLOAT), self._precision)

    def _element_bytes(self, name: str) -> int:
        """Bytes of an element of a value as it goes to the next layer: one where it is quantized on its way."""
        readers = self._readers.get(name, [])
        while readers:
            if any(reader.op_type == "QuantizeLinear" for reader in readers):
                return 1
            if len(readers) > 1 or readers[0].op_type not in FUSED:
                break
            readers = self._readers.get(readers[0].output[0], [])
        if self._types.get(name) in (TensorProto.UINT8, TensorProto.INT8):
            return 1
        return _BYTES[self._float_type(name)]
