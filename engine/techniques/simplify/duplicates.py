"""Equal constants stored once."""

import onnx
from onnx import numpy_helper

_UNSHARED = frozenset(
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
"""Operators whose weights are not shared: onnxruntime's quantizer gives a shared bias the scale of the first
of its readers, which is wrong for the others."""


def merge_initializers(proto: onnx.ModelProto) -> None:
    """Merges equal constants, in place. Leaves a graph with branches alone, since these may read any constant."""
    graph = proto.graph
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return
    unshared = {name for node in graph.node if node.op_type in _UNSHARED for name in node.input}
    unshared |= {value.name for value in (*graph.input, *graph.output)}
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    replacements: dict[str, str] = {}
    for tensor in graph.initializer:
        if tensor.name in unshared or tensor.data_type == onnx.TensorProto.STRING:
            continue
        content = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        representative = first.setdefault(content, tensor.name)
        if representative != tensor.name:
            replacements[tensor.name] = representative
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = replacements.get(name, name)
    for tensor in [tensor for tensor in graph.initializer if tensor.name in replacements]:
        graph.initializer.remove(tensor)
