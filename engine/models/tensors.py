"""The tensors that an ONNX model stores, wherever they stand, and how large they are."""

import math
from collections.abc import Iterable, Iterator

import onnx
from onnx import TensorProto

_HALF_BYTES = frozenset({TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1})


def subgraphs(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.GraphProto]:
    """The graphs that these nodes hold themselves, as If and Loop do."""
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
            yield from attribute.graphs


def model_graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The graph and all below it, those of functions included; protobuf reads at most 100 levels of messages."""
    yield from _within(model.graph)
    for function in model.functions:
        for subgraph in subgraphs(function.node):
            yield from _within(subgraph)


def model_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """The nodes of all graphs and functions."""
    for graph in model_graphs(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def model_tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    """All tensors: initializers, attributes, and the values and indices of sparse ones."""
    for graph in model_graphs(model):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in model_nodes(model):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            sparse_tensors = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
            for sparse in (*attribute.sparse_tensors, *sparse_tensors):
                yield from (sparse.values, sparse.indices)


def element_bits(tensor: TensorProto) -> int:
    """Bits of an element. Raises KeyError, ValueError or TypeError for a type that numpy does not have."""
    if tensor.data_type in _HALF_BYTES:
        return 4
    return 8 * int(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def tensor_bytes(tensor: TensorProto) -> int:
    """Bytes of all elements of a tensor of numbers. Raises as `element_bits` does."""
    n_elements: int = math.prod(tensor.dims)
    return (n_elements * element_bits(tensor) + 7) // 8


def _within(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for subgraph in subgraphs(graph.node):
        yield from _within(subgraph)
