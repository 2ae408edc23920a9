"""The kinds of blocks that repeat in a graph, each of which a quantizer may treat as one."""

from dataclasses import dataclass

import onnx

from engine.techniques.quantize import final_activations, free_products, silu_pairs

FUSED = "swish"
"""The code of the blocks that are fused in place of being left in float."""


@dataclass(frozen=True)
class Pattern:
    """A kind of block: its code, its name, how many blocks the graph has, and the nodes of all of them."""

    code: str
    name: str
    n_blocks: int
    nodes: tuple[str, ...]


def find_patterns(proto: onnx.ModelProto) -> tuple[Pattern, ...]:
    """The kinds of blocks of a folded graph, in the order in which they are tried."""
    found = (_swish(proto), _depthwise(proto), _attention(proto))
    return tuple(pattern for pattern in found if pattern.n_blocks)


def _swish(proto: onnx.ModelProto) -> Pattern:
    """x * sigmoid(x), and the HardSigmoids of hard-swish and of gates."""
    pairs = silu_pairs(proto)
    hard = [node.name for node in proto.graph.node if node.op_type == "HardSigmoid"]
    names = [node.name for pair in pairs for node in pair] + hard
    return Pattern(FUSED, "SiLU and hard-swish", len(pairs) + len(hard), tuple(names))


def _depthwise(proto: onnx.ModelProto) -> Pattern:
    """Convolutions with a filter for each channel."""
    shapes = {tensor.name: tensor.dims for tensor in proto.graph.initializer}
    names = []
    for node in proto.graph.node:
        groups = next((entry.i for entry in node.attribute if entry.name == "group"), 1)
        if node.op_type == "Conv" and groups > 1 and list(shapes.get(node.input[1], ())[:2]) == [groups, 1]:
            names.append(node.name)
    return Pattern("depthwise", "depthwise convolutions", len(names), tuple(names))


def _attention(proto: onnx.ModelProto) -> Pattern:
    """The products of two activations and the Softmaxes, but one that gives the probabilities."""
    final = final_activations(proto)
    softmaxes = [node.name for node in proto.graph.node if node.op_type == "Softmax" and node.name not in final]
    products = free_products(proto)
    n_blocks = len(softmaxes) if products else 0
    return Pattern("attention", "attention", n_blocks, (*products, *softmaxes) if n_blocks else ())
