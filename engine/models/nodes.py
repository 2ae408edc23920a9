"""What prevents rewriting a graph as a whole, names for its nodes, and who reads their values."""

import onnx
from onnx import TensorProto

CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})


def control_flow(proto: onnx.ModelProto) -> tuple[str, ...]:
    """Types of the nodes that contain a graph of their own, sorted."""
    return tuple(sorted({node.op_type for node in proto.graph.node} & CONTROL_FLOW))


def odd_value(proto: onnx.ModelProto) -> tuple[str, str] | None:
    """The name of a value that is no tensor of numbers, and what it is instead; None where there is none."""
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


def readers_of(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """The nodes that read each value; one that reads it twice counts twice."""
    found: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            found.setdefault(name, []).append(node)
    return found


def name_nodes(graph: onnx.GraphProto) -> int:
    """Name every node that has no name, or another's, after its first output. Returns how many were named."""
    names: set[str] = {""}
    original_names = {node.name for node in graph.node}
    count = 0
    for node in graph.node:
        if node.name in names:
            name = f"{node.op_type}_{next(iter(node.output), '')}"
            while name in names or name in original_names:
                name += "_"
            node.name = name
            count += 1
        names.add(node.name)
    return count
