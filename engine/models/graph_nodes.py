"""The nodes of an ONNX graph one by one: their weights, the multiply-adds of one image in them, and what feeds them."""

import onnx

from engine.models.blocks import blocks
from engine.models.counts import (
    Shape,
    batch_of,
    constant_tensors,
    inferred,
    node_macs,
    static_shapes,
    with_fixed_input,
)
from engine.models.nodes import name_nodes
from engine.models.tensors import tensor_bytes
from engine.results import GraphNode


def graph_nodes(model: onnx.ModelProto, input_shape: Shape | None = None) -> tuple[GraphNode, ...]:
    """Every node of the graph in its own order, Constant nodes left out: they are the weights of what reads them.

    `input_shape` (C, H, W) fixes a dynamic height and width. A weight that several nodes read counts for the first.
    What depends on weights alone costs an image nothing. Multiply-adds are None where the node has some and a shape is
    not determined. Blocks are told by the names of weights and nodes (engine/models/blocks.py).
    """
    fixed = with_fixed_input(model, input_shape)
    graph = fixed.graph
    name_nodes(graph)
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    weights = constant_tensors(fixed)
    shapes = static_shapes(inferred(fixed)) | {name: tuple(tensor.dims) for name, tensor in weights.items()}
    producers = {output: node.name for node in nodes for output in node.output if output}
    constants, batch = set(weights), batch_of(fixed)
    block_of = blocks(graph)
    profiles = []
    for node in nodes:
        own = [weights.pop(name) for name in dict.fromkeys(node.input) if name in weights]
        is_constant = constants.issuperset(filter(None, node.input)) and not _has_graph(node)
        constants.update(node.output if is_constant else ())
        macs = 0 if is_constant else node_macs(node, shapes)
        profiles.append(
            GraphNode(
                name=node.name,
                operator=f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type,
                inputs=tuple(dict.fromkeys(producers[name] for name in node.input if name in producers)),
                output_shape=_output_shape(node, shapes),
                weight_bytes=sum(map(tensor_bytes, own)),
                macs=None if macs is None or _has_graph(node) else macs // batch,
                block=block_of[node.name],
            )
        )
    return tuple(profiles)


def _has_graph(node: onnx.NodeProto) -> bool:
    """Whether the node may read more than its inputs say."""
    return any(attribute.HasField("g") for attribute in node.attribute)


def _output_shape(node: onnx.NodeProto, shapes: dict[str, Shape]) -> Shape | None:
    return shapes.get(next(iter(node.output), ""))
