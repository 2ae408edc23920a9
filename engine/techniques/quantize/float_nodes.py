"""Nodes that stay in float while the rest of a graph is quantized, and why."""

from collections.abc import Collection, Iterable

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from engine.results import Note
from engine.techniques.quantize.layers import attribute, is_plain_gemm

MASK = -1e4
"""A constant that goes down to this, added before a Softmax, masks; 8 bits between it and 0 leave nothing of the rest.
Exports write -inf, the lowest float, -1e9 or -10,000."""
FINAL_ACTIVATIONS = frozenset({"Softmax", "LogSoftmax", "Sigmoid"})
"""What turns logits into probabilities or their logarithms, of which 8 bits cannot tell the small ones apart."""
_CUTTING = frozenset({"Clip", "Relu"})
"""What onnxruntime's quantizer lets the node before it do, by a range that holds no more than is left."""
_MOVES = frozenset({"Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Cast"})
_MASKED_BY = frozenset({"Add", "Sub", "Where"})
_BOUNDED = frozenset({"Softmax", "LogSoftmax", "Sigmoid", "Exp", "Clip", "Relu", "Tanh"})
"""Operators whose outputs are ordinary numbers whatever a mask put into them."""
_MAX_NAMES = 4


def reasons(proto: onnx.ModelProto, ranges: Collection[str], quantizable: Collection[str]) -> dict[str, str]:
    """By the name of each node that stays in float, the reason.

    `ranges` are the names of the activations whose ranges are known, `quantizable` the operators that are asked for.
    """
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    masked, final = masked_tensors(proto), final_activations(proto)
    without_range, outputs = _without_range(proto, ranges), {value.name for value in proto.graph.output}
    found: dict[str, str] = {}
    for node in proto.graph.node:
        if node.op_type not in quantizable:
            continue
        tensors = {*node.input, *node.output}
        if node.name in final:
            found[node.name] = "gives the probabilities"
        elif node.op_type == "ConvTranspose" and attribute(node, "group", 1) > 1:
            found[node.name] = "onnxruntime cannot quantize it with groups"
        elif node.op_type == "Gemm" and not is_plain_gemm(node, stored):
            found[node.name] = "its factors or its bias have no 8-bit form"
        elif node.op_type in _CUTTING and node.input[0] in outputs:
            found[node.name] = "cuts off a part of another output"
        elif tensors & masked:
            found[node.name] = "works on a mask"
        elif tensors & without_range:
            found[node.name] = "has a value whose range is not known"
    return found


def note_of(reasons: dict[str, str], proto: onnx.ModelProto) -> tuple[Note, ...]:
    """A note that names the nodes which stay in float, by reason; none where there is no such node."""
    if not reasons:
        return ()
    types = {node.name: node.op_type for node in proto.graph.node}
    groups: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        groups.setdefault(reason, []).append(f"'{name[:80]}' ({types[name]})")
    parts = [f"{_listed(names)} {reason}" for reason, names in groups.items()]
    return (Note(code="stays_in_float", text=f"Nodes that stay in float: {'; '.join(parts)}"),)


def masked_tensors(proto: onnx.ModelProto) -> set[str]:
    """Names of the values that hold a mask of very low numbers, from the constant to the Softmax that reads it."""
    low = {name for name, values in _float_constants(proto) if not (np.isfinite(values) & (values > MASK)).all()}
    masked: set[str] = set()
    for node in proto.graph.node:
        begins = node.op_type in _MASKED_BY and low & set(node.input)
        goes_on = masked & set(node.input) and node.op_type not in _BOUNDED
        if begins or goes_on:
            masked |= {*node.output, *(low & set(node.input))}
    return masked


def final_activations(proto: onnx.ModelProto) -> set[str]:
    """Names of the nodes from a final Softmax, LogSoftmax or Sigmoid to the output of the graph."""
    makers = {output: node for node in proto.graph.node for output in node.output}
    found: set[str] = set()
    for value in proto.graph.output:
        path: list[str] = []
        node = makers.get(value.name)
        while node is not None and node.op_type in _MOVES:
            path.append(node.name)
            node = makers.get(node.input[0])
        if node is not None and node.op_type in FINAL_ACTIVATIONS:
            found |= {*path, node.name}
    return found


def _without_range(proto: onnx.ModelProto, ranges: Collection[str]) -> set[str]:
    """Names of the activations, in floats as far as is known, whose range was not taken."""
    values = (*proto.graph.input, *proto.graph.value_info, *proto.graph.output)
    others = {value.name for value in values if value.type.tensor_type.elem_type not in (0, TensorProto.FLOAT)}
    constants = {tensor.name for tensor in proto.graph.initializer}
    constants |= {name for node in proto.graph.node if node.op_type == "Constant" for name in node.output}
    names = {name for node in proto.graph.node for name in (*node.input, *node.output) if name}
    return names - others - constants - set(ranges)


def _float_constants(proto: onnx.ModelProto) -> Iterable[tuple[str, np.ndarray]]:
    for tensor in proto.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            yield tensor.name, numpy_helper.to_array(tensor)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
