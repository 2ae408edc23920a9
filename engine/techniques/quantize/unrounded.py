"""Values that need no rounding to 8 bits, since no integers are computed from them: read as they were before it."""

from collections.abc import Callable

import onnx

from engine.models.nodes import readers_of

_PRODUCTS = frozenset({"Gemm", "MatMul"})
"""Layers that give floats from integers at no cost; a convolution does so in OpenVINO and not in onnxruntime."""
_MOVES = frozenset({"Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that hand the values of their first input on."""


def read_unrounded(
    proto: onnx.ModelProto, folded: onnx.ModelProto, is_quantized: Callable[[onnx.NodeProto], bool]
) -> int:
    """Takes pairs of QuantizeLinear and DequantizeLinear that serve no integers out of the way, in place.

    These are pairs behind a product of matrices whose readers are all in float (`is_quantized` says no), and those
    behind any layer whose output a Concat in float joins with a constant, as a transformer's patches with its class
    token: of such a layer OpenVINO 2026.4 adds the first channel's bias to all channels. What both bring: docs/log.md,
    2026-11-27. Returns how many inputs were changed.

    `folded` is the float graph that this one was made of. Where a node between layer and reader is gone, a Relu say,
    the pair does its work, and stays.
    """
    graph, makers = _Graph(proto.graph), {name: node.name for node in folded.graph.node for name in node.output}
    twins = {node.name: node for node in folded.graph.node}
    n_changed = 0
    for node in proto.graph.node:
        if node.op_type == "DequantizeLinear" or is_quantized(node):
            continue
        joins_constant = node.op_type == "Concat" and any(graph.is_constant(name) for name in node.input)
        for index in range(len(node.input)):
            reader, place = graph.before_moves(node, index) if joins_constant else (node, index)
            pair = graph.pair_before(reader, place)
            if pair is None or not (joins_constant or graph.serves_floats(pair, is_quantized)):
                continue
            twin, layer = twins.get(reader.name), graph.maker(pair)
            if twin is not None and layer is not None and makers.get(twin.input[place]) == layer.name:
                reader.input[place] = pair.input[0]
                n_changed += 1
    _drop_unread_pairs(proto.graph)
    return n_changed


class _Graph:
    """Who makes and who reads the values of a graph, as it was at first."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._constants = {tensor.name for tensor in graph.initializer}
        self._outputs = {value.name for value in graph.output}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._readers = readers_of(graph)

    def is_constant(self, name: str) -> bool:
        """Whether this is a constant, moved or not."""
        while name in self._makers and self._makers[name].op_type in _MOVES:
            name = self._makers[name].input[0]
        return name in self._constants

    def before_moves(self, reader: onnx.NodeProto, index: int) -> tuple[onnx.NodeProto, int]:
        """The first of the moves that lead to this input, with the place of its own; the input itself without any."""
        maker = self._makers.get(reader.input[index])
        while maker is not None and maker.op_type in _MOVES:
            reader, index, maker = maker, 0, self._makers.get(maker.input[0])
        return reader, index

    def pair_before(self, reader: onnx.NodeProto, index: int) -> onnx.NodeProto | None:
        """The QuantizeLinear of the pair that gives this input; None where another node does."""
        maker = self._makers.get(reader.input[index])
        if maker is None or maker.op_type != "DequantizeLinear":
            return None
        quantizer = self._makers.get(maker.input[0])
        return quantizer if quantizer is not None and quantizer.op_type == "QuantizeLinear" else None

    def maker(self, pair: onnx.NodeProto) -> onnx.NodeProto | None:
        """The node whose output is rounded; None where that is an input of the graph."""
        return self._makers.get(pair.input[0])

    def serves_floats(self, pair: onnx.NodeProto, is_quantized: Callable[[onnx.NodeProto], bool]) -> bool:
        """Whether a product of matrices is rounded, and nothing but operators in float reads it."""
        layer = self.maker(pair)
        if layer is None or layer.op_type not in _PRODUCTS or len(self._readers[pair.input[0]]) > 1:
            return False
        values = [name for node in self._readers[pair.output[0]] for name in node.output]
        readers = [node for name in values for node in self._readers.get(name, ())]
        return self._outputs.isdisjoint(values) and not any(map(is_quantized, readers))


def _drop_unread_pairs(graph: onnx.GraphProto) -> None:
    """Drops the pairs that nothing reads any more, the DequantizeLinear first, with their scales and zero points."""
    steps: set[str] = set()
    for operator in ("DequantizeLinear", "QuantizeLinear"):
        read = _read(graph)
        for node in [one for one in graph.node if one.op_type == operator and one.output[0] not in read]:
            steps |= set(node.input[1:])
            graph.node.remove(node)
    for tensor in [one for one in graph.initializer if one.name in steps - _read(graph)]:
        graph.initializer.remove(tensor)


def _read(graph: onnx.GraphProto) -> set[str]:
    return {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
