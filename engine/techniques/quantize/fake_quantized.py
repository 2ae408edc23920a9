"""The float graph with a quantized file's rounding written into it: what that file should answer, computed in float."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from engine.errors import StepError
from engine.models.counts import constant_tensors
from engine.results import codes
from engine.techniques.quantize.float_layers import is_shield
from engine.techniques.quantize.layers import attribute

STEPS = 1.5
"""How many steps of its scale a stored weight may be off: a half for its rounding, and one for its zero point's."""
PRECISION = 1e-5
"""How far a weight may be off beyond that, as a share of itself: biases have more digits than 32-bit floats."""
NEXT = "Choose another method of quantization, or leave it out, and report the model"
_SUFFIX = "__fake_quantized"


def fake_quantized(folded: onnx.ModelProto, quantized: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the folded graph in which weights have the values that the quantized file stores, and every activation
    that the file rounds goes through QuantizeLinear and DequantizeLinear with the file's scale.

    Nodes are matched by name, so that what the quantizer connected or stored wrongly is not copied. Raises StepError
    (code miscomputed) where a stored weight is not the folded graph's.
    """
    writer = _Writer.of(folded, quantized)
    for node in folded.graph.node:
        writer.add(onnx.NodeProto.FromString(node.SerializeToString()))
    for value in folded.graph.output:
        writer.round_output(value.name)
    return writer.model()


def unpacked_blocks(node: onnx.NodeProto, stored: dict[str, onnx.TensorProto]) -> tuple[np.ndarray, np.ndarray]:
    """Weights (inputs, outputs) of a MatMulNBits of 8 bits, and the step of each.

    Packed as (outputs, blocks, block_size): the operator's page in onnxruntime's docs/ContribOperators.md.
    """
    size, inputs, outputs = (int(attribute(node, name, 0)) for name in ("block_size", "K", "N"))
    integers, scale, *zeros = (numpy_helper.to_array(stored[name]) for name in node.input[1:4])
    scale = scale.reshape(outputs, -1, 1).astype(np.float64)
    zero = zeros[0].reshape(outputs, -1, 1).astype(np.float64) if zeros else 128.0
    values = (integers.reshape(outputs, -1, size).astype(np.float64) - zero) * scale

    def unpack(array: np.ndarray) -> np.ndarray:
        return array.reshape(outputs, -1)[:, :inputs].T

    return unpack(values), unpack(np.broadcast_to(scale, values.shape))


@dataclass
class _Writer:
    """Writes the copy of `folded` node by node; `stored`, `makers`, `twins` and `layers` are of the quantized file."""

    folded: onnx.ModelProto
    weights: dict[str, onnx.TensorProto]
    """The constants of the folded graph."""
    stored: dict[str, onnx.TensorProto]
    makers: dict[str, onnx.NodeProto]
    twins: dict[str, onnx.NodeProto]
    """Nodes by their names."""
    layers: dict[str, onnx.NodeProto]
    """MatMulInteger and MatMulNBits, by the names of the layers that they compute."""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    added: dict[str, onnx.TensorProto] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    """Names of the rounded values that were written already."""

    @classmethod
    def of(cls, folded: onnx.ModelProto, quantized: onnx.ModelProto) -> "_Writer":
        nodes = quantized.graph.node
        return cls(
            folded=folded,
            weights=constant_tensors(folded),
            stored={tensor.name: tensor for tensor in quantized.graph.initializer},
            makers={output: node for node in nodes for output in node.output},
            twins={node.name: node for node in nodes},
            layers={node.name: node for node in nodes if node.op_type in ("MatMulInteger", "MatMulNBits")},
        )

    def add(self, node: onnx.NodeProto) -> None:
        """Writes a node of the folded graph, which is changed, after the rounding of what it reads."""
        layer = self._layer(node)
        if layer is not None:
            self._read_layer(node, layer)
        twin = self.twins.get(node.name)
        for index, name in enumerate(node.input):
            source = self._maker(twin.input[index]) if twin is not None and index < len(twin.input) else None
            if source is not None and source.op_type == "DequantizeLinear":
                node.input[index] = self._rounded(name, source)
        self.nodes.append(node)

    def round_output(self, name: str) -> None:
        """Rounds an output of the graph where the file does so last."""
        source = self.makers.get(name)
        if source is None or source.op_type != "DequantizeLinear" or source.input[0] in self.stored:
            return
        inner = f"{name}{_SUFFIX}_output"
        for node in self.nodes:
            for names in (node.input, node.output):
                for index, one in enumerate(names):
                    names[index] = inner if one == name else one
        self._write_pair(inner, source, name)

    def model(self) -> onnx.ModelProto:
        model = onnx.ModelProto()
        model.CopyFrom(self.folded)
        graph = model.graph
        del graph.node[:], graph.value_info[:]
        graph.node.extend(self.nodes)
        graph.initializer.extend(self.added.values())
        return model

    def _maker(self, name: str) -> onnx.NodeProto | None:
        """The node of the file that makes this value; a shield only passes it on."""
        node = self.makers.get(name)
        return self.makers.get(node.input[0]) if node is not None and is_shield(node) else node

    def _layer(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """The integer or block form of a layer; a Gemm is a MatMul and an Add there."""
        name = f"{node.name}_MatMul" if node.op_type == "Gemm" else node.name
        return self.layers.get(f"{name}_quant") or self.layers.get(f"{name}_Q8")

    def _read_layer(self, node: onnx.NodeProto, layer: onnx.NodeProto) -> None:
        """Lets a layer read the weights of its form, and an input that is rounded at the call where that is so."""
        if layer.op_type == "MatMulNBits":
            values, steps = unpacked_blocks(layer, self.stored)
        else:
            scale_name = layer.input[1].removesuffix("_quantized") + "_scale"
            names = (layer.input[1], scale_name, layer.input[3])
            integers, scale, zero = (numpy_helper.to_array(self.stored[name]) for name in names)
            values, steps = _values(integers, scale, zero, axis=-1)
            node.input[0] = self._rounded_at_the_call(node.input[0])
        if attribute(node, "transB", 0):
            values, steps = values.T, steps.T
        node.input[1] = self._weight(node.input[1], node.name, values, steps)

    def _rounded(self, name: str, source: onnx.NodeProto) -> str:
        """The name of the rounded form of a value, which `source`, a DequantizeLinear, gives in the file."""
        if source.input[0] in self.stored:
            integers, scale, zero = (numpy_helper.to_array(self.stored[one]) for one in source.input)
            values, steps = _values(integers, scale, zero, int(attribute(source, "axis", 1)))
            return self._weight(name, source.output[0], values, steps)
        rounded = f"{name}{_SUFFIX}_{source.input[1]}"
        if rounded not in self.written:
            self._write_pair(name, source, rounded)
        return rounded

    def _write_pair(self, name: str, source: onnx.NodeProto, rounded: str) -> None:
        integers, parameters = f"{rounded}_integers", []
        for one in source.input[1:]:
            parameters.append(f"{one}{_SUFFIX}")
            self.added[parameters[-1]] = numpy_helper.from_array(
                numpy_helper.to_array(self.stored[one]), parameters[-1]
            )
        self.nodes.append(helper.make_node("QuantizeLinear", [name, *parameters], [integers]))
        self.nodes.append(helper.make_node("DequantizeLinear", [integers, *parameters], [rounded]))
        self.written.add(rounded)

    def _rounded_at_the_call(self, name: str) -> str:
        rounded = f"{name}{_SUFFIX}_at_the_call"
        if rounded not in self.written:
            parts = [f"{rounded}_{part}" for part in ("integers", "scale", "zero")]
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [name], parts))
            self.nodes.append(helper.make_node("DequantizeLinear", parts, [rounded]))
            self.written.add(rounded)
        return rounded

    def _weight(self, name: str, reader: str, values: np.ndarray, steps: np.ndarray) -> str:
        """Adds a weight as it is stored. Raises StepError where it is not the one of this name, within rounding."""
        tensor = self.weights.get(name)
        own = numpy_helper.to_array(tensor) if tensor is not None else None
        if own is not None and own.size == values.size and own.shape[-2:] == values.shape[-2:]:
            values, steps = values.reshape(own.shape), steps.reshape(own.shape)
        if own is None or not _is_rounded(own, values, steps):
            raise StepError(
                f"the quantized file holds other weights than the model for '{name[:100]}', by more than rounding. "
                "This is an error of the quantization, not accuracy lost",
                NEXT,
                code=codes.MISCOMPUTED,
            )
        stored_name = f"{name}{_SUFFIX}_{reader}"
        self.added[stored_name] = numpy_helper.from_array(values.astype(own.dtype), stored_name)
        return stored_name


def _is_rounded(own: np.ndarray, values: np.ndarray, steps: np.ndarray) -> bool:
    """Whether these values are a tensor's own but for their rounding."""
    if own.shape != values.shape:
        return False
    return bool((np.abs(values - own) <= STEPS * steps + PRECISION * np.abs(own)).all())


def _values(integers: np.ndarray, scale: np.ndarray, zero: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Float64 values of integers, and the step of each; a scale and a zero point (channels,) are those along `axis`."""
    step = _along(scale, axis, integers.ndim)
    values = (integers.astype(np.float64) - _along(zero, axis, integers.ndim)) * step
    return values, np.broadcast_to(step, values.shape)


def _along(parameter: np.ndarray, axis: int, rank: int) -> np.ndarray:
    """A scale or zero point (channels,) in float64, so that it broadcasts along `axis`; one of one value as it is."""
    values = parameter.astype(np.float64)
    if values.size == 1:
        return values.reshape(())
    return values.reshape([-1 if position == axis % rank else 1 for position in range(rank)])
