"""Looks over an ONNX file before any runtime sees it: what is refused here could exhaust time or memory there.

Functions that call each other twice each hang onnx.checker and onnxruntime alike (28 of them, 1.8 kB, are 2^28 nodes),
and both compute what depends on constants alone when they load a file, however large it is.
"""

import math
from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from engine.errors import SourceError
from engine.models.tensors import element_bits, model_graphs, model_nodes, model_tensors, subgraphs
from engine.wording import many

MAX_NODES = 200_000
"""After every function is written out where it is called; exported networks have up to some ten thousand."""
MAX_DEPTH = 100
"""Of functions that call others; exporters that write a function a module reach about ten."""
MAX_CONSTANT_ELEMENTS = 500_000_000
"""Of a tensor that depends on constants alone, 2 GB as float; weights that a test file fills so have 10^8."""
MAX_EXTERNAL_BYTES = 50_000_000_000
MAX_OVERLAP = 2
"""How many times their extent the tensors in one file of weights may fill."""
_NEXT = "Export the model again from where it was trained"
_SAME_SHAPE = frozenset({"Identity", "Cast", "Neg", "Abs", "Not", "Sqrt", "Floor", "Ceil"})
_PACKED = frozenset({"INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2"})
_KNOWN_VALUES = 64
"""Elements of a constant whose values are read: shapes, repeats and bounds have fewer."""
FunctionKey = tuple[str, str, str]


def scan(model: onnx.ModelProto, name: str) -> None:
    """Raises SourceError, with the file's name, for a graph that could exhaust time or memory, or names no text."""
    _check_names(model, name)
    _check_expansion(model, name)
    for tensor in model_tensors(model):
        _check_tensor(tensor, name)
    _check_external(model, name)
    for graph in model_graphs(model):
        _check_constants(graph, name)


def _refusal(name: str, what: str) -> SourceError:
    return SourceError(f"'{name}' {what}", _NEXT)


def _check_names(model: onnx.ModelProto, name: str) -> None:
    """Protobuf gives a text that is no UTF-8 as bytes."""
    texts: list[str | bytes] = [text for entry in model.metadata_props for text in (entry.key, entry.value)]
    for node in model_nodes(model):
        texts += (node.name, node.op_type, node.domain, *node.input, *node.output)
        texts += (attribute.name for attribute in node.attribute)
    for graph in model_graphs(model):
        for value in (*graph.input, *graph.output, *graph.value_info):
            texts += (value.name, *(dim.dim_param for dim in value.type.tensor_type.shape.dim))
    texts += (tensor.name for tensor in model_tensors(model))
    texts += (text for one in model.functions for text in (one.domain, one.name, *one.input, *one.output))
    if any(isinstance(text, bytes) for text in texts):
        raise _refusal(name, "has names that are no text (UTF-8): it is damaged, or no ONNX file")


def _check_expansion(model: onnx.ModelProto, name: str) -> None:
    functions = {(one.domain, one.name, one.overload): one for one in model.functions}
    sizes: dict[FunctionKey, tuple[int, int]] = {}
    """Nodes and depth of the functions that were counted already."""

    def size(nodes: Iterable[onnx.NodeProto], callers: tuple[FunctionKey, ...]) -> tuple[int, int]:
        total, depth = 0, 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            n_nodes, node_depth = call(key, callers) if key in functions else (1, 0)
            total, depth = total + n_nodes, max(depth, node_depth)
            for subgraph in subgraphs([node]):
                n_nodes, node_depth = size(subgraph.node, callers)
                total, depth = total + n_nodes, max(depth, node_depth)
        if total > MAX_NODES:
            raise _refusal(name, f"has more than {MAX_NODES:,} nodes once its functions are written out")
        return total, depth

    def call(key: FunctionKey, callers: tuple[FunctionKey, ...]) -> tuple[int, int]:
        if key in callers:
            raise _refusal(name, f"has a function that calls itself ('{key[1][:80]}')")
        if key not in sizes:
            if len(callers) >= MAX_DEPTH:
                raise _refusal(name, f"has functions that call each other more than {MAX_DEPTH} deep")
            n_nodes, depth = size(functions[key].node, (*callers, key))
            sizes[key] = n_nodes, depth + 1
        if len(callers) + sizes[key][1] > MAX_DEPTH:
            raise _refusal(name, f"has functions that call each other more than {MAX_DEPTH} deep")
        return sizes[key]

    size(model.graph.node, ())
    for key in functions:
        call(key, ())


def _check_tensor(tensor: onnx.TensorProto, name: str) -> None:
    if tensor.data_type not in TensorProto.DataType.values() or tensor.data_type == TensorProto.UNDEFINED:
        raise _refusal(name, f"has a tensor of an unknown type ('{tensor.name[:80]}', type {tensor.data_type})")
    if any(dim < 0 for dim in tensor.dims) or math.prod(tensor.dims) >= 2**40:
        raise _refusal(name, f"has a tensor of an impossible shape ('{tensor.name[:80]}', {list(tensor.dims)[:8]})")
    bits = _bits(tensor)
    if tensor.raw_data and bits and len(tensor.raw_data) != math.ceil(math.prod(tensor.dims) * bits / 8):
        raise _refusal(
            name,
            f"has a tensor whose shape does not fit its bytes ('{tensor.name[:80]}', {list(tensor.dims)[:8]} "
            f"in {many(len(tensor.raw_data), 'byte')})",
        )


def _bits(tensor: onnx.TensorProto) -> int:
    """Bits of an element; 0 where they are not looked at: text, and types that share a byte."""
    if tensor.data_type == TensorProto.STRING or TensorProto.DataType.Name(tensor.data_type) in _PACKED:
        return 0
    return element_bits(tensor)


def _check_external(model: onnx.ModelProto, name: str) -> None:
    declared: dict[str, int] = {}
    extent: dict[str, int] = {}
    for tensor in model_tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        offset, length = (_number(entries.get(key, "0"), name, tensor) for key in ("offset", "length"))
        declared[location] = declared.get(location, 0) + length
        extent[location] = max(extent.get(location, 0), offset + length)
        if offset + length > MAX_EXTERNAL_BYTES or declared[location] > MAX_EXTERNAL_BYTES:
            raise _refusal(name, f"says that its weights fill more than {MAX_EXTERNAL_BYTES / 1e9:.0f} GB")
    for location, n_bytes in declared.items():
        if n_bytes > MAX_OVERLAP * extent[location]:
            raise _refusal(name, f"reads the same bytes of '{location[:80]}' as many tensors")


def _number(text: str, name: str, tensor: onnx.TensorProto) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise _refusal(name, f"has a tensor at an impossible place of its file ('{tensor.name[:80]}', {text[:20]!r})")
    return int(text)


def _check_constants(graph: onnx.GraphProto, name: str) -> None:
    """Follows the shapes and small values of constants through the operators that make large tensors of small ones."""
    values = {tensor.name: array for tensor in graph.initializer if (array := _values(tensor)) is not None}
    shapes: dict[str, tuple[int, ...]] = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if not node.output:
            continue
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    shapes[node.output[0]] = tuple(attribute.t.dims)
                    if (array := _values(attribute.t)) is not None:
                        values[node.output[0]] = array
            continue
        if node.input and node.op_type in ("Identity", "Cast") and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        shape = _made_shape(node, shapes, values)
        if shape is None:
            continue
        if math.prod(shape) > MAX_CONSTANT_ELEMENTS:
            raise _refusal(
                name,
                f"makes a tensor of {math.prod(shape):,} elements out of constants alone ('{node.op_type}'); "
                f"{MAX_CONSTANT_ELEMENTS:,} are allowed",
            )
        shapes[node.output[0]] = shape


def _values(tensor: onnx.TensorProto) -> np.ndarray | None:
    """The values of a small tensor of numbers, None for any other."""
    small = math.prod(tensor.dims) <= _KNOWN_VALUES and tensor.data_location != TensorProto.EXTERNAL
    if not small or tensor.data_type not in (
        TensorProto.INT64,
        TensorProto.INT32,
        TensorProto.FLOAT,
        TensorProto.DOUBLE,
    ):
        return None
    try:
        return np.asarray(numpy_helper.to_array(tensor), np.float64).ravel()
    except (ValueError, TypeError):
        return None


def _made_shape(
    node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]], values: dict[str, np.ndarray]
) -> tuple[int, ...] | None:
    """The shape of the node's output where its inputs are constants, None where they are not or it is not known."""
    inputs = [values.get(one) for one in node.input]
    first = shapes.get(node.input[0]) if node.input else None
    if node.op_type == "Range" and all(one is not None and one.size for one in inputs) and len(inputs) == 3:
        start, limit, step = (float(one[0]) for one in inputs if one is not None)
        return (_range_length(start, limit, step),)
    if node.op_type == "ConstantOfShape" and inputs and inputs[0] is not None:
        return _dims(inputs[0])
    if node.op_type in ("Expand", "Tile") and len(inputs) == 2 and inputs[1] is not None and first is not None:
        return _grown(node.op_type, first, _dims(inputs[1]))
    if node.op_type in _SAME_SHAPE:
        return first
    known = [shapes.get(one) for one in node.input]
    if node.op_type in ("Add", "Sub", "Mul", "Div", "Pow", "Where", "Equal", "Less", "Greater") and None not in known:
        return _broadcast([one for one in known if one is not None])
    return None


def _range_length(start: float, limit: float, step: float) -> int:
    if not all(map(math.isfinite, (start, limit, step))) or step == 0:
        return 0
    return max(0, min(2**62, math.ceil((limit - start) / step)))


def _dims(values: np.ndarray) -> tuple[int, ...]:
    return tuple(max(0, int(value)) for value in np.nan_to_num(values, posinf=2.0**62, neginf=0))


def _grown(op_type: str, shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    if op_type == "Expand":
        return _broadcast([shape, sizes])
    return tuple(dim * size for dim, size in zip(shape, sizes, strict=True)) if len(shape) == len(sizes) else None


def _broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(max(dims) for dims in zip(*padded, strict=True))
