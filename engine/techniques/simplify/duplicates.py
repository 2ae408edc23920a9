"""Equal constants stored once."""

import onnx
from onnx import numpy_helper

_OWN = frozenset(
    {
        "Conv",
        "ConvTranspose",
        "Gemm",
        "MatMul",
        "BatchNormalization",
        "QuantizeLinear",
        "DequantizeLinear",
    }
)
"""Operators that keep their weights to themselves: onnxruntime's quantizer gives a shared bias the scale of the first
of its readers, which is wrong for the others."""


def merge_initializers(proto: onnx.ModelProto) -> None:
    """Lets equal constants be one, in place; in a graph without branches, where every reader can be seen."""
    graph = proto.graph
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return
    apart = {name for node in graph.node if node.op_type in _OWN for name in node.input}
    apart |= {value.name for value in (*graph.input, *graph.output)}
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    same: dict[str, str] = {}
    for tensor in graph.initializer:
        if tensor.name in apart or tensor.data_type == onnx.TensorProto.STRING:
            continue
        content = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        kept = first.setdefault(content, tensor.name)
        if kept != tensor.name:
            same[tensor.name] = kept
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
    for tensor in [tensor for tensor in graph.initializer if tensor.name in same]:
        graph.initializer.remove(tensor)
