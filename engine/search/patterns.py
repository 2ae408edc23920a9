"""The kinds of blocks that repeat in a graph, each of which a quantizer may treat as one."""

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from engine.techniques.quantize import final_activations, free_products, silu_pairs

_GATE = frozenset(
    {"Conv", "Gemm", "MatMul", "Relu", "Sigmoid", "HardSigmoid", "Clip", "Mul", "Add", "Flatten", "Reshape", "Identity"}
)
"""The operators between the pooling of a squeeze-excite block and the Mul with what was pooled."""
_MOST_GATE_NODES = 12
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
    found = (_swish(proto), _depthwise(proto), _squeeze_excite(proto), _attention(proto))
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


def _squeeze_excite(proto: onnx.ModelProto) -> Pattern:
    """From the pooling of an image to the Mul of what came of it with that image: Hu et al., arXiv 1709.01507."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in proto.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    blocks = [
        block
        for node in proto.graph.node
        if node.op_type == "GlobalAveragePool" and (block := _gate(node, readers)) is not None
    ]
    return Pattern(
        "squeeze_excite", "squeeze-excite blocks", len(blocks), _unique(name for one in blocks for name in one)
    )


def _gate(pool: onnx.NodeProto, readers: dict[str, list[onnx.NodeProto]]) -> list[str] | None:
    """Names of the nodes from a pooling to the Mul that reads what was pooled; None where there is no such Mul."""
    names, found, waiting = [pool.name], None, [pool]
    while waiting and len(names) <= _MOST_GATE_NODES:
        for reader in readers.get(waiting.pop(0).output[0], []):
            if reader.name in names or reader.op_type not in _GATE:
                continue
            names.append(reader.name)
            if reader.op_type == "Mul" and pool.input[0] in reader.input:
                found = names
            else:
                waiting.append(reader)
    return found


def _attention(proto: onnx.ModelProto) -> Pattern:
    """The products of two activations and the Softmaxes, but one that gives the probabilities."""
    final = final_activations(proto)
    softmaxes = [node.name for node in proto.graph.node if node.op_type == "Softmax" and node.name not in final]
    products = free_products(proto)
    n_blocks = len(softmaxes) if products else 0
    return Pattern("attention", "attention", n_blocks, (*products, *softmaxes) if n_blocks else ())


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
