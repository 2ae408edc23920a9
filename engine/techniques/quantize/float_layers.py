"""Layers that stay in float among quantized ones, kept from onnxruntime's optimiser, which would quantize them too."""

import onnx
from onnx import TensorProto, helper

SHIELD = "Max"
"""The maximum of one value: the value itself, which no optimiser looks through."""
_REQUANTIZED = frozenset({"Conv", "ConvTranspose", "Gemm"})
"""Where such a layer reads and writes 8 bits, onnxruntime stores its float weights in 8 bits with one scale when it
loads the file: WeightBiasQuantization in onnxruntime/core/optimizer/qdq_transformer."""
_PASSED = frozenset(
    {"Expand", "Flatten", "Gather", "MaxPool", "Relu", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators behind which the optimiser may move a DequantizeLinear."""


def shield_float_layers(proto: onnx.ModelProto) -> int:
    """Puts a SHIELD before every layer with float weights that reads what was 8 bits, in place; returns how many."""
    graph = proto.graph
    floats = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    makers = {output: node for node in graph.node for output in node.output}
    nodes: list[onnx.NodeProto] = []
    n_shields = 0
    for node in graph.node:
        if node.op_type in _REQUANTIZED and node.input[1] in floats and _was_integers(node.input[0], makers):
            name = f"{node.output[0]}_input"
            nodes.append(helper.make_node(SHIELD, [node.input[0]], [name], name=f"{name}_in_float"))
            node.input[0] = name
            n_shields += 1
        nodes.append(node)
    changed = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(changed)
    return n_shields


def is_shield(node: onnx.NodeProto) -> bool:
    """Whether this node gives its only input as it is."""
    return node.op_type == SHIELD and len(node.input) == 1


def _was_integers(name: str, makers: dict[str, onnx.NodeProto]) -> bool:
    node = makers.get(name)
    while node is not None and node.op_type in _PASSED:
        node = makers.get(node.input[0])
    return node is not None and node.op_type == "DequantizeLinear"
