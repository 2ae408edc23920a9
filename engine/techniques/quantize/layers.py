"""Layers written in the one form that quantizers expect: plain operators, no factors, constants of their own."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

_FUSED = {"FusedConv": "Conv", "FusedGemm": "Gemm"}
_PARAMETERS = {
    "Relu": (),
    "Tanh": (),
    "Sigmoid": (),
    "LeakyRelu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
}
"""The activations that are taken apart again, and the names of their parameters."""
_LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_FACTORS = ("alpha", "beta")


def split_fused(proto: onnx.ModelProto) -> bool:
    """Takes layers apart, in place, that onnxruntime's optimiser fused with an activation; whether there were any.

    Its operators are unknown to onnx's shape inference, and to quantizers.
    """
    graph, found = proto.graph, False
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        activation, parameters = _activation(node)
        if node.domain != "com.microsoft" or node.op_type not in _FUSED or activation not in _PARAMETERS:
            nodes.append(node)
            continue
        nodes += _parts(node, activation, parameters)
        found = True
    if found:
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copies)
    return found


def plain_layers(proto: onnx.ModelProto) -> None:
    """Gives every layer constants of its own and a Gemm no factors and a bias of one dimension, in place.

    onnxruntime's quantizer stores a shared constant in the one form that suits its first reader, expects a bias
    (outputs,), and gives it the scale of input and weight whatever the factors are.
    """
    _own_constants(proto.graph)
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Gemm":
            _plain_gemm(node, stored, proto.graph)
    _drop_unread(proto.graph)


def is_plain_gemm(node: onnx.NodeProto, stored: dict[str, onnx.TensorProto]) -> bool:
    """Whether a Gemm has no factors and no bias but a constant (outputs,)."""
    factors = [attribute(node, name, 1.0) for name in _FACTORS]
    bias = node.input[2] if len(node.input) > 2 else ""
    return factors == [1.0, 1.0] and (not bias or (bias in stored and len(stored[bias].dims) == 1))


def _activation(node: onnx.NodeProto) -> tuple[str, list[float]]:
    values = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    name = values.get("activation", b"")
    parameters = values.get("activation_params", [])
    if not parameters:
        parameters = [values[key] for key in ("activation_alpha", "activation_beta") if key in values]
    return name.decode() if isinstance(name, bytes) else str(name), list(parameters)


def _parts(node: onnx.NodeProto, activation: str, parameters: list[float]) -> list[onnx.NodeProto]:
    """The layer, the sum with its fourth input where it has one, and the activation."""
    output = node.output[0]
    layer = helper.make_node(_FUSED[node.op_type], node.input[:3], [f"{output}_layer"], name=node.name)
    layer.attribute.extend(entry for entry in node.attribute if not entry.name.startswith("activation"))
    parts = [layer]
    if len(node.input) > 3 and node.input[3]:
        name = f"{node.name}_sum" if node.name else ""
        parts.append(helper.make_node("Add", [parts[-1].output[0], node.input[3]], [f"{output}_sum"], name=name))
    name = f"{node.name}_{activation}" if node.name else ""
    last = helper.make_node(activation, [parts[-1].output[0]], [output], name=name)
    values = zip(_PARAMETERS[activation], parameters, strict=False)
    last.attribute.extend(helper.make_attribute(key, value) for key, value in values)
    return [*parts, last]


def _own_constants(graph: onnx.GraphProto) -> None:
    """Copies a constant for every further use of another kind: each bias for itself, weights by operator."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    names: dict[tuple[str, object], str] = {(value.name, None): value.name for value in graph.output}
    first: dict[str, object] = {value.name: None for value in graph.output}
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name not in stored:
                continue
            use = _use(node, index)
            if first.setdefault(name, use) == use:
                continue
            if (name, use) not in names:
                copy = onnx.TensorProto()
                copy.CopyFrom(stored[name])
                copy.name = _free_name(name, stored)
                graph.initializer.append(copy)
                stored[copy.name], names[name, use] = copy, copy.name
                first[copy.name] = use
            node.input[index] = names[name, use]


def _use(node: onnx.NodeProto, index: int) -> object:
    """What a constant is read as; two readers of the same can share it."""
    if node.op_type not in _LAYERS:
        return None
    if index == 2:
        return "bias", node.output[0]
    return node.op_type, index, attribute(node, "transB", 0)


def _plain_gemm(node: onnx.NodeProto, stored: dict[str, onnx.TensorProto], graph: onnx.GraphProto) -> None:
    """Moves the factors of a Gemm into its weights and bias, and makes that (outputs,), where these are constant."""
    alpha, beta = (float(attribute(node, name, 1.0)) for name in _FACTORS)
    bias = node.input[2] if len(node.input) > 2 else ""
    if node.input[1] not in stored or (bias and bias not in stored):
        return
    weight = numpy_helper.to_array(stored[node.input[1]])
    outputs = weight.shape[0 if attribute(node, "transB", 0) else 1]
    if bias:
        values = numpy_helper.to_array(stored[bias])
        if values.size not in (1, outputs) or (values.ndim == 2 and values.shape[0] != 1):
            return
        if values.shape != (outputs,) or beta != 1.0:
            scaled = np.broadcast_to(values.reshape(-1) * np.float32(beta), (outputs,)).astype(values.dtype)
            node.input[2] = _store(scaled, bias, stored, graph)
    if alpha != 1.0:
        node.input[1] = _store((weight * np.float32(alpha)).astype(weight.dtype), node.input[1], stored, graph)
    attributes = [entry for entry in node.attribute if entry.name not in _FACTORS]
    del node.attribute[:]
    node.attribute.extend(attributes)


def _store(values: np.ndarray, name: str, stored: dict[str, onnx.TensorProto], graph: onnx.GraphProto) -> str:
    new = _free_name(name, stored)
    graph.initializer.append(numpy_helper.from_array(values, new))
    stored[new] = graph.initializer[-1]
    return new


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Drops the constants that only the earlier form read."""
    read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)


def _free_name(name: str, stored: dict[str, onnx.TensorProto]) -> str:
    number = 2
    while f"{name}_{number}" in stored:
        number += 1
    return f"{name}_{number}"


def attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    """The value of a number among the node's attributes, or the default of its operator."""
    return next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == name), default)
