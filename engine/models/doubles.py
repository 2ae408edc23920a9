"""A graph that computes in 64-bit floats as one in 32 bits, for quantizers and where onnxruntime has no such layers."""

from collections.abc import Iterable, MutableSequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.errors import SourceError
from engine.models.tensors import model_tensors
from engine.runtimes.onnx_runtime import fold_constants

_TYPE_ATTRIBUTES = frozenset({"to", "dtype"})
"""Attributes that name the type of an operator's output."""
_LIMITS = np.finfo(np.float32)


def to_single(proto: onnx.ModelProto) -> bool:
    """Lets everything between the inputs and outputs be in 32-bit floats, in place; whether there were 64-bit ones.

    Inputs and outputs keep their types: a Cast stands behind each input of 64 bits, and before each such output.
    """
    graph = proto.graph
    nodes = [*graph.node, *(node for function in proto.functions for node in function.node)]
    found = _cast_constants(graph) | _cast_attributes(nodes)
    for value in graph.value_info:
        _declare_single(value)
    inputs, outputs = ([value.name for value in values if _is_double(value)] for values in (graph.input, graph.output))
    if not found and not inputs and not outputs:
        return False
    for node in graph.node:
        _rename(node.input, {name: f"{name}_single" for name in (*inputs, *outputs)})
        _rename(node.output, {name: f"{name}_single" for name in outputs})
    before = [_cast(name, f"{name}_single", TensorProto.FLOAT) for name in inputs]
    after = [_cast(f"{name}_single", name, TensorProto.DOUBLE) for name in outputs]
    changed = [onnx.NodeProto.FromString(node.SerializeToString()) for node in (*before, *graph.node, *after)]
    del graph.node[:]
    graph.node.extend(changed)
    return True


def _is_double(value: onnx.ValueInfoProto) -> bool:
    return bool(value.type.tensor_type.elem_type == TensorProto.DOUBLE)


def _declare_single(value: onnx.ValueInfoProto) -> None:
    if _is_double(value):
        value.type.tensor_type.elem_type = TensorProto.FLOAT


def _cast_constants(graph: onnx.GraphProto) -> bool:
    doubles = [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.DOUBLE]
    for tensor in doubles:
        tensor.CopyFrom(_single(tensor))
    return bool(doubles)


def _cast_attributes(nodes: Iterable[onnx.NodeProto]) -> bool:
    """Casts the tensors of Constant and its like, and lets what makes 64-bit floats make 32-bit ones."""
    found = False
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t") and attribute.t.data_type == TensorProto.DOUBLE:
                attribute.t.CopyFrom(_single(attribute.t))
                found = True
            elif attribute.name in _TYPE_ATTRIBUTES and attribute.i == TensorProto.DOUBLE:
                attribute.i = TensorProto.FLOAT
                found = True
    return found


def _single(tensor: TensorProto) -> TensorProto:
    """The same values in 32 bits; what is finite and beyond their range becomes the end of it."""
    values = numpy_helper.to_array(tensor)
    bounded = np.where(np.isfinite(values), np.clip(values, _LIMITS.min, _LIMITS.max), values)
    return numpy_helper.from_array(bounded.astype(np.float32), tensor.name)


def _rename(names: MutableSequence[str], replacements: dict[str, str]) -> None:
    for index, name in enumerate(names):
        names[index] = replacements.get(name, name)


def _cast(name: str, output: str, to: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [name], [output], name=f"{output}_cast", to=to)


def runs_in_single_alone(proto: onnx.ModelProto) -> bool:
    """Whether onnxruntime cannot load this graph and can load it in 32-bit floats: it has no 64-bit Conv, say."""
    if not _has_doubles(proto) or _loads(proto):
        return False
    single = onnx.ModelProto()
    single.CopyFrom(proto)
    return to_single(single) and _loads(single)


def _has_doubles(proto: onnx.ModelProto) -> bool:
    values = (*proto.graph.input, *proto.graph.output)
    kinds = (tensor.data_type for tensor in model_tensors(proto))
    return any(map(_is_double, values)) or TensorProto.DOUBLE in kinds


def _loads(proto: onnx.ModelProto) -> bool:
    try:
        fold_constants(proto)
    except SourceError:
        return False
    return True
