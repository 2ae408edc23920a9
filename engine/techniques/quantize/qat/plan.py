"""Which values of a QDQ graph are trained, and in what order its nodes run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

import onnx
import torch
from onnx import helper
from torch import Tensor

from engine.errors import StepError
from engine.techniques.quantize.prepare import HEAVY_OPERATORS
from engine.techniques.quantize.qat.operators import OPERATORS, Attributes, constant_of, tensor_of
from engine.techniques.quantize.qat.rounding import BIAS, FAKE

LIMITS = {torch.uint8: (0, 255), torch.int8: (-128, 127)}
"""Lowest and highest integer of an activation, by the type of its zero point."""


@dataclass(frozen=True)
class Node:
    """One operator: its inputs (empty where one is left out), its outputs, and the inputs that no later node reads."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes
    last_reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """The names of a quantized layer's initializers: integers and scales; the bias's are empty where there is none."""

    weight: str
    weight_scale: str
    input_scale: str
    bias: str = ""
    bias_scale: str = ""


@dataclass(frozen=True)
class Plan:
    """`floats` are weights and biases of layers in float, `scales` those of activations and of quantized weights."""

    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    constants: Mapping[str, Tensor]
    floats: tuple[str, ...]
    scales: tuple[str, ...]


def plan(proto: onnx.ModelProto, limit: int) -> Plan:
    """The plan of a graph whose quantized weights lie between -limit and limit.

    Raises StepError, with the operator's name, where one has no implementation in torch.
    """
    nodes = [_node(node) for node in proto.graph.node]
    constants = {tensor.name: tensor_of(tensor) for tensor in proto.graph.initializer}
    constants |= {node.outputs[0]: constant_of(node.attributes) for node in nodes if node.operator == "Constant"}
    makers = {name: node for node in nodes for name in node.outputs}
    heavy = [node for node in nodes if node.operator in HEAVY_OPERATORS]
    layers = tuple(layer for node in heavy if (layer := _layer(node, makers, constants)))
    biases = {layer.bias: layer for layer in layers if layer.bias}
    weights = {layer.weight for layer in layers}
    run: list[Node] = []
    for node in nodes:
        if node.operator in ("Constant", "QuantizeLinear"):
            continue
        if node.operator == "DequantizeLinear":
            node = _training_node(node, makers, constants, weights, biases, limit)
        elif node.operator not in OPERATORS:
            raise unsupported(node, f"{node.operator} is not among the operators that can be trained")
        run.append(node)
    _check_pairs(nodes, proto)
    scales = [node.inputs[1] for node in run if node.operator == FAKE]
    floats = [name for node in heavy for name in node.inputs[1:] if name in constants]
    return Plan(_with_last_reads(run, proto), layers, constants, _unique(floats), _unique(scales))


def unsupported(node: Node, why: str) -> StepError:
    return StepError(
        f"the node '{node.name[:100]}' cannot be trained: {why}",
        "Use quantize in place of qat, or train the model before it becomes an ONNX file",
    )


def _node(node: onnx.NodeProto) -> Node:
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    decoded = {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}
    operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    return Node(node.name, operator, tuple(node.input), tuple(node.output), decoded)


def _layer(node: Node, makers: Mapping[str, Node], constants: Mapping[str, Tensor]) -> Layer | None:
    """A Conv, Gemm or MatMul whose input and constant weight come out of DequantizeLinear."""
    image, weight, *bias = (makers.get(name) for name in node.inputs)
    if not _dequantizes(image) or not _dequantizes(weight) or weight.inputs[0] not in constants:
        return None
    layer = Layer(weight.inputs[0], weight.inputs[1], image.inputs[1])
    if bias and _dequantizes(bias[0]):
        return replace(layer, bias=bias[0].inputs[0], bias_scale=bias[0].inputs[1])
    return layer


def _dequantizes(node: Node | None) -> TypeGuard[Node]:
    return node is not None and node.operator == "DequantizeLinear"


def _training_node(
    node: Node,
    makers: Mapping[str, Node],
    constants: Mapping[str, Tensor],
    weights: set[str],
    biases: Mapping[str, Layer],
    limit: int,
) -> Node:
    """The operator that replaces a DequantizeLinear while its graph is trained."""
    integers, scale, zero = node.inputs
    attributes = {"axis": node.attributes.get("axis", 1)}
    if integers in biases:
        layer = biases[integers]
        return replace(node, operator=BIAS, inputs=(integers, layer.input_scale, layer.weight_scale))
    if integers in weights:
        return replace(node, operator=FAKE, attributes={**attributes, "low": -limit, "high": limit})
    if integers in constants:
        return replace(node, attributes=attributes)
    low, high = LIMITS[constants[zero].dtype]
    return replace(
        node,
        operator=FAKE,
        inputs=(makers[integers].inputs[0], scale, zero),
        attributes={**attributes, "low": low, "high": high},
    )


def _check_pairs(nodes: Iterable[Node], proto: onnx.ModelProto) -> None:
    """Raises StepError where the integers of a QuantizeLinear are read by anything but a DequantizeLinear."""
    quantizers = {node.outputs[0]: node for node in nodes if node.operator == "QuantizeLinear"}
    readers = [name for node in nodes if node.operator != "DequantizeLinear" for name in node.inputs]
    for name in (*readers, *(value.name for value in proto.graph.output)):
        if name in quantizers:
            raise unsupported(quantizers[name], "its integers are read by other than DequantizeLinear")


def _with_last_reads(nodes: list[Node], proto: onnx.ModelProto) -> tuple[Node, ...]:
    """The same nodes, each with the values that it is the last to read."""
    last = {name: position for position, node in enumerate(nodes) for name in node.inputs}
    outputs = {value.name for value in proto.graph.output}
    return tuple(
        replace(node, last_reads=tuple(name for name in set(node.inputs) - outputs - {""} if last[name] == position))
        for position, node in enumerate(nodes)
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
