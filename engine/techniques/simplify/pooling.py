"""Means over height and width as GlobalAveragePool, which onnxruntime quantizes where it leaves ReduceMean in float."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.models.graph import is_quantized

_KINDS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16})
"""onnxruntime's CPU kernel pools no others."""


def pool_means(proto: onnx.ModelProto) -> int:
    """Changes them in place and counts them; reads ranks and types from the graph's value_info.

    Only where the rank is known to be 4 and the axes are the last two. A mean that drops these axes is followed by a
    Flatten. A quantized graph is left alone: its rounding would change.
    """
    graph = proto.graph
    if is_quantized(node.op_type for node in graph.node):
        return 0
    images = _images(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    pooled = 0
    for node in graph.node:
        nodes.append(node)
        if node.op_type != "ReduceMean" or node.domain not in ("", "ai.onnx") or node.input[0] not in images:
            continue
        if _axes(node, constants) != [2, 3]:
            continue
        nodes[-1:] = _pooling(node)
        pooled += 1
    if pooled:
        changed = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(changed)
        _drop_unread(graph)
    return pooled


def _images(graph: onnx.GraphProto) -> set[str]:
    """Names of the values of rank 4 that can be pooled."""
    return {
        value.name
        for value in (*graph.input, *graph.value_info, *graph.output)
        if value.type.tensor_type.elem_type in _KINDS
        and value.type.tensor_type.HasField("shape")
        and len(value.type.tensor_type.shape.dim) == 4
    }


def _axes(node: onnx.NodeProto, constants: dict[str, TensorProto]) -> list[int] | None:
    """Of four, sorted and none negative; None where they are not constant. An input since opset 18."""
    given = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "axes"), None)
    if given is None and len(node.input) > 1 and node.input[1] in constants:
        given = np.atleast_1d(numpy_helper.to_array(constants[node.input[1]])).tolist()
    return None if given is None else sorted({axis % 4 for axis in given})


def _pooling(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    keeps = next((attribute.i for attribute in node.attribute if attribute.name == "keepdims"), 1)
    (output,) = node.output
    pooled = output if keeps else f"{output}_pooled"
    pool = helper.make_node("GlobalAveragePool", [node.input[0]], [pooled], name=node.name)
    if keeps:
        return [pool]
    return [pool, helper.make_node("Flatten", [pooled], [output], name=f"{node.name}_flatten", axis=1)]


def _drop_unread(graph: onnx.GraphProto) -> None:
    """The axes that nothing reads any more; not in a graph with branches, which may read them unseen."""
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return
    read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    if len(kept) < len(graph.initializer):
        copies = [TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
        del graph.initializer[:]
        graph.initializer.extend(copies)
