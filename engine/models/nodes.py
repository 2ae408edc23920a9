"""What stands in the way of rewriting a graph as a whole, and names for its nodes."""

import onnx
from onnx import TensorProto

CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})


def control_flow(proto: onnx.ModelProto) -> tuple[str, ...]:
    """Types of the nodes that have a graph of their own inside."""
    return tuple(sorted({node.op_type for node in proto.graph.node} & CONTROL_FLOW))


def odd_value(proto: onnx.ModelProto) -> tuple[str, str] | None:
    """A value that is no tensor of numbers, and what it is instead."""
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        kind = value.type.WhichOneof("value")
        if kind not in ("tensor_type", None):
            return value.name, f"a {kind.removesuffix('_type')}"
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            return value.name, "a tensor of strings"
    for tensor in proto.graph.initializer:
        if tensor.data_type == TensorProto.STRING:
            return tensor.name, "a tensor of strings"
    for node in proto.graph.node:
        if "Sequence" in node.op_type:
            return node.output[0], "a sequence"
    return None


def name_nodes(graph: onnx.GraphProto) -> int:
    """Gives every node that has no name, or another's, the name of what it makes, and counts them."""
    taken: set[str] = {""}
    reserved = {node.name for node in graph.node}
    named = 0
    for node in graph.node:
        if node.name in taken:
            made = f"{node.op_type}_{next(iter(node.output), '')}"
            while made in taken or made in reserved:
                made += "_"
            node.name = made
            named += 1
        taken.add(node.name)
    return named
