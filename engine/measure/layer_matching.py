"""Which tensors of a variant's graph are those of its FP32 graph, layer by layer, by their names.

As onnxruntime.quantization.qdq_loss_debug matches activations: a tensor keeps its name through quantization, and what
later layers read of it is what DequantizeLinear gives. A value that a quantizer has fused away is looked for behind the
activation or the bias that it was fused with.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx
from onnx import TensorProto, helper

from engine.models.counts import constant_tensors
from engine.models.tensors import tensor_bytes

LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Operators that are layers where they have weights."""
IN_FLOAT = "in_float/"
"""What the names of the tensors of a layer that takes another's place begin with."""


class Graph:
    """A graph, with what makes and what reads each of its tensors."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self.proto = proto
        self.constants = constant_tensors(proto)
        self.nodes = [node for node in proto.graph.node if node.op_type != "Constant"]
        self.makers = {output: node for node in self.nodes for output in node.output}
        self.outputs = {value.name for value in proto.graph.output}

    @cached_property
    def readers(self) -> dict[str, list[onnx.NodeProto]]:
        """The nodes that read each tensor."""
        readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in dict.fromkeys(node.input):
                readers[name].append(node)
        return readers

    @cached_property
    def values(self) -> set[str]:
        """Names of the tensors that differ from call to call."""
        return {value.name for value in self.proto.graph.input} - set(self.constants) | set(self.makers)

    def dequantized(self, name: str) -> str:
        """The tensor that later nodes read in place of this one: itself, or what DequantizeLinear gives of it."""
        for quantizer in self.readers.get(name, ()):
            if quantizer.op_type == "QuantizeLinear" and quantizer.input[0] == name:
                for node in self.readers.get(quantizer.output[0], ()):
                    if node.op_type == "DequantizeLinear":
                        return str(node.output[0])
        return name


@dataclass(frozen=True)
class MatchedLayer:
    """A layer of the FP32 graph and its values in both: `tensor` there, `value` in the variant.

    `nodes` are those of the FP32 graph from the layer to the tensor. `stored` is the number type of its weights in the
    variant, by numpy's name.
    """

    nodes: tuple[onnx.NodeProto, ...]
    tensor: str
    value: str
    size_bytes: int
    reference_bytes: int
    stored: str

    @property
    def name(self) -> str:
        return str(self.nodes[0].name or self.nodes[0].output[0])

    @property
    def operator(self) -> str:
        return str(self.nodes[0].op_type)


def match_layers(reference: Graph, variant: Graph) -> tuple[list[MatchedLayer], list[onnx.NodeProto]]:
    """The layers whose values both graphs have, in the order of the FP32 graph, and the layers without such a value."""
    matched, unmatched = [], []
    for node in reference.nodes:
        if not _is_layer(node, reference):
            continue
        nodes = _to_common_tensor(node, reference, variant)
        if nodes is None:
            unmatched.append(node)
            continue
        tensor = str(nodes[-1].output[0])
        passed = {name for one in nodes for name in one.output}
        size_bytes, stored = _stored(tensor, variant, reference.values - passed)
        matched.append(
            MatchedLayer(
                nodes=nodes,
                tensor=tensor,
                value=variant.dequantized(tensor),
                size_bytes=size_bytes,
                reference_bytes=sum(_bytes(_constants(one, reference)) for one in nodes),
                stored=stored,
            )
        )
    return matched, unmatched


def with_outputs(proto: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """A copy of the graph in which these tensors are outputs as well."""
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    present = {value.name for value in watched.graph.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(names) if name not in present)
    return watched


def with_layer_in_float(variant: Graph, reference: Graph, layer: MatchedLayer) -> onnx.ModelProto | None:
    """The variant's graph with the FP32 layer in the place of its own, on the values that its own reads.

    None where the variant has no value of one of the layer's inputs.
    """
    own_names = {name for node in layer.nodes for name in node.output}
    inputs = {name for node in layer.nodes for name in node.input if name in reference.values - own_names}
    if not inputs <= variant.values:
        return None
    changed = onnx.ModelProto()
    changed.CopyFrom(variant.proto)
    renamed = {name: variant.dequantized(name) for name in inputs}
    renamed |= {name: f"{IN_FLOAT}{name}" for node in layer.nodes for name in node.input if name in reference.constants}
    renamed |= {name: f"{IN_FLOAT}{name}" for name in own_names} | {layer.tensor: layer.tensor}
    for name in {name for node in layer.nodes for name in node.input if name in reference.constants}:
        tensor = changed.graph.initializer.add()
        tensor.CopyFrom(reference.constants[name])
        tensor.name = renamed[name]
    nodes = []
    for node in variant.proto.graph.node:
        copy = onnx.NodeProto.FromString(node.SerializeToString())
        if layer.tensor in node.output:
            nodes += [_renamed(one, renamed) for one in layer.nodes]
            copy.output[list(node.output).index(layer.tensor)] = f"{IN_FLOAT}replaced"
        nodes.append(copy)
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    known = {opset.domain for opset in changed.opset_import}
    changed.opset_import.extend(opset for opset in reference.proto.opset_import if opset.domain not in known)
    return changed


def _is_layer(node: onnx.NodeProto, graph: Graph) -> bool:
    return node.op_type in LAYERS and any(name in graph.constants for name in node.input[:2])


def _to_common_tensor(node: onnx.NodeProto, reference: Graph, variant: Graph) -> tuple[onnx.NodeProto, ...] | None:
    """The nodes from a layer to the first tensor that both graphs have, each the only reader of the one before.

    None where there is none before another layer, or before two values of different layers meet.
    """
    path = [node]
    while (name := path[-1].output[0]) not in variant.makers:
        readers = reference.readers.get(name, [])
        if name in reference.outputs or len(readers) != 1:
            return None
        values = [one for one in readers[0].input if one in reference.values]
        if readers[0].op_type in LAYERS or values != [name]:
            return None
        path.append(readers[0])
    return tuple(path)


def _stored(tensor: str, graph: Graph, stops: set[str]) -> tuple[int, str]:
    """The bytes of the constants that a tensor is computed from, back to `stops`, and the type of the largest."""
    waiting, seen, constants = [tensor], {tensor}, {}
    while waiting:
        for name in graph.makers[waiting.pop()].input:
            if name in graph.constants:
                constants[name] = graph.constants[name]
            elif name in graph.makers and name not in stops and name not in seen:
                seen.add(name)
                waiting.append(name)
    largest = max(constants.values(), key=tensor_bytes, default=None)
    stored = "" if largest is None else str(helper.tensor_dtype_to_np_dtype(largest.data_type))
    return _bytes(constants.values()), stored


def _constants(node: onnx.NodeProto, graph: Graph) -> Sequence[TensorProto]:
    return [graph.constants[name] for name in dict.fromkeys(node.input) if name in graph.constants]


def _bytes(tensors: Iterable[TensorProto]) -> int:
    return sum(tensor_bytes(tensor) for tensor in tensors)


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    copy: onnx.NodeProto = onnx.NodeProto.FromString(node.SerializeToString())
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    copy.name = f"{IN_FLOAT}{node.name}"
    return copy
