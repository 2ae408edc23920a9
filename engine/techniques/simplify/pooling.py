"""Means over height and width as GlobalAveragePool, which onnxruntime quantizes where it leaves ReduceMean in float."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.models.graph import is_quantized

_KINDS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16})
"""onnxruntime's CPU kernel pools no others."""


def pool_means(proto: onnx.ModelProto) -> int:
    """Replaces means by GlobalAveragePool, in place, and returns how many; needs ranks and types in value_info.

    Only where the rank is known to be 4 and the axes are the last two. A mean that drops these axes is followed by a
    Flatten. A quantized graph is left alone: its rounding would change.
    """
    graph = proto.graph
    if is_quantized(node.op_type for node in graph.node):
        return 0
    images = _images(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    n_pooled = 0
    for node in graph.node:
        nodes.append(node)
        if node.op_type != "ReduceMean" or node.domain not in ("", "ai.onnx") or node.input[0] not in images:
            continue
        if _axes(node, constants) != [2, 3]:
            continue
        nodes[-1:] = _pooling(node)
        n_pooled += 1
    if n_pooled:
        changed = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(changed)
        _drop_unread(graph)
    return n_pooled


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
    """The axes of a mean over four, sorted and none negative; None where they are not constant.

    They are an attribute, or an input since opset 18.
    """
    axes = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "axes"), None)
    if axes is None and len(node.input) > 1 and node.input[1] in constants:
        axes = np.atleast_1d(numpy_helper.to_array(constants[node.input[1]])).tolist()
    return None if axes is None else sorted({axis % 4 for axis in axes})


def _pooling(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    keeps_axes = next((attribute.i for attribute in node.attribute if attribute.name == "keepdims"), 1)
    (output,) = node.output
    pooled = output if keeps_axes else f"{output}_pooled"
    pool = helper.make_node("GlobalAveragePool", [node.input[0]], [pooled], name=node.name)
    if keeps_axes:
        return [pool]
    return [pool, helper.make_node("Flatten", [pooled], [output], name=f"{node.name}_flatten", axis=1)]


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Removes constants that nothing reads any more. Leaves a graph with branches alone, since these may read them."""
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return
    read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    initializers = [tensor for tensor in graph.initializer if tensor.name in read]
    if len(initializers) < len(graph.initializer):
        copies = [TensorProto.FromString(tensor.SerializeToString()) for tensor in initializers]
        del graph.initializer[:]
        graph.initializer.extend(copies)
