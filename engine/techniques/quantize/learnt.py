"""Learns the rounding of a static file's weights, and its biases, layer by layer from FP32's own outputs.

No labels and no training: each layer is solved at once (reconstruction.py). Only the integers of weights and biases
change, so the file is as fast as before.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.runtimes.onnx_runtime import values_session
from engine.tasks import Inputs, n_examples
from engine.techniques.quantize.prepare import HEAVY_OPERATORS
from engine.techniques.quantize.reconstruction import Layer, Moments, learn
from engine.techniques.quantize.sampling import Form, form_of

MAX_PASSES = 24
"""How often all examples go through the graph, at the most: layers that follow each other share a pass."""
MAX_SAMPLES = 8192
"""Samples of a layer, over all examples."""
MAX_INPUTS = 2304
"""The most inputs of an output, those of 256 channels under a 3 x 3 kernel: memory grows with their square."""
SEED = 0
"""Of the choice of samples."""
HELD_BACK = 4
"""Every fourth example is held back to choose among roundings; with fewer examples nothing is learnt."""
INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class LearntLayers:
    """How many layers were learnt, and how many there are that can be."""

    n_learnt: int
    n_layers: int


@dataclass(frozen=True)
class QuantizedLayer:
    """A layer of the file: names of its tensors, and its weight and bias in float; all of the bias is empty without."""

    form: Form
    input: str
    output: str
    weight: np.ndarray
    integers: str
    weight_scale: str
    bias_value: np.ndarray | None = None
    bias: str = ""
    bias_scale: str = ""


def learn_rounding(
    quantized: onnx.ModelProto,
    folded: onnx.ModelProto,
    batches: Callable[[], Iterable[Inputs]],
    n_calls: int,
    *,
    limit: int,
    deadline: float,
    on_layer: Callable[[int, int], None],
) -> LearntLayers:
    """Changes the integers of `quantized` in place, whose weights lie between -limit and limit.

    `folded` is the float graph that it was made of, and `batches` gives the inputs of `n_calls` calls. At the deadline,
    in seconds of time.monotonic(), the rest is left as it is. `on_layer(done, total)` reports. Raises one of
    ORT_ERRORS.
    """
    layers = _layers(quantized, folded)
    size = max(1, math.ceil(len(layers) / MAX_PASSES))
    n_samples = math.ceil(MAX_SAMPLES / n_calls)
    rng, n_learnt = np.random.default_rng(SEED), 0
    for begin in range(0, len(layers), size):
        if time.monotonic() >= deadline:
            break
        on_layer(begin, len(layers))
        group = layers[begin : begin + size]
        for layer, sums in zip(group, _observe(group, quantized, folded, batches(), n_samples, rng), strict=True):
            if all(moments.count for moments in sums):
                _learn_layer(layer, quantized, sums, limit)
                n_learnt += 1
    return LearntLayers(n_learnt, len(layers))


def _layers(quantized: onnx.ModelProto, folded: onnx.ModelProto) -> list[QuantizedLayer]:
    """The layers of the folded graph, in its order, whose inputs and weights the file has in 8 bits."""
    floats = {tensor.name: tensor for tensor in folded.graph.initializer if tensor.data_type == TensorProto.FLOAT}
    makers = {output: node for node in quantized.graph.node for output in node.output}
    twins = {node.name: node for node in quantized.graph.node if node.op_type in HEAVY_OPERATORS}
    readers = Counter(name for node in quantized.graph.node for name in node.input)
    own = {tensor.name for tensor in quantized.graph.initializer if readers[tensor.name] == 1}
    nodes = (node for node in folded.graph.node if node.name in twins and node.input[1] in floats)
    found = (_layer(node, twins[node.name], floats, makers, own) for node in nodes)
    return [layer for layer in found if layer is not None]


def _layer(
    node: onnx.NodeProto,
    twin: onnx.NodeProto,
    floats: Mapping[str, onnx.TensorProto],
    makers: Mapping[str, onnx.NodeProto],
    own: Container[str],
) -> QuantizedLayer | None:
    """The layer of a node of the folded graph and its twin in the file; None where it cannot be learnt.

    `own` are the initializers of the file that one node reads.
    """
    image, weight, bias = (makers.get(name) for name in (*twin.input, "")[:3])
    values = numpy_helper.to_array(floats[node.input[1]])
    form, has_bias = form_of(node, values), len(twin.input) > 2
    if form is None or form.to_groups(values).shape[2] > MAX_INPUTS:
        return None
    if not _dequantizes(image) or not _dequantizes(weight) or weight.input[0] not in own:
        return None
    if not has_bias:
        return QuantizedLayer(form, twin.input[0], node.output[0], values, weight.input[0], weight.input[1])
    if not _dequantizes(bias) or bias.input[0] not in own or node.input[2] not in floats:
        return None
    return QuantizedLayer(
        form,
        twin.input[0],
        node.output[0],
        values,
        weight.input[0],
        weight.input[1],
        numpy_helper.to_array(floats[node.input[2]]),
        bias.input[0],
        bias.input[1],
    )


def _observe(
    group: list[QuantizedLayer],
    quantized: onnx.ModelProto,
    folded: onnx.ModelProto,
    batches: Iterable[Inputs],
    n_samples: int,
    rng: np.random.Generator,
) -> list[tuple[Moments, Moments]]:
    """For each layer the sums over samples to fit it to, and over those of examples that are held back."""
    shapes = [layer.form.to_groups(layer.weight).shape for layer in group]
    sums = [(Moments.zero(*shape), Moments.zero(*shape)) for shape in shapes]
    inputs_of = _values(quantized, [layer.input for layer in group])
    outputs_of = _values(folded, [layer.output for layer in group])
    first = 0
    for inputs in batches:
        n = n_examples(inputs)
        for layer, pair, image, outputs in zip(group, sums, inputs_of(inputs), outputs_of(inputs), strict=True):
            # A layer may have several rows for an example, one after another.
            numbers = first + np.arange(len(image)) * n // len(image)
            is_held_back = numbers % HELD_BACK == HELD_BACK - 1
            for rows, moments in zip((~is_held_back, is_held_back), pair, strict=True):
                if rows.any():
                    share = math.ceil(n_samples * rows.mean())
                    _add(moments, layer, image[rows], outputs[rows], share, rng)
        first += n
    return sums


def _add(
    moments: Moments,
    layer: QuantizedLayer,
    image: np.ndarray,
    outputs: np.ndarray,
    n_samples: int,
    rng: np.random.Generator,
) -> None:
    """Adds so many samples of what a layer reads, with what its rounded weights cannot give of its outputs in float."""
    samples, results = layer.form.samples(image, outputs, n_samples, rng)
    residuals = np.asarray(results - layer.form.to_groups(layer.weight) @ samples, np.float32)
    if layer.bias_value is not None:
        residuals -= layer.bias_value.reshape(layer.form.groups, -1, 1)
    moments.add(samples, residuals)


def _values(proto: onnx.ModelProto, names: list[str]) -> Callable[[Inputs], list[np.ndarray]]:
    """A function from the inputs of a call to these values, by the part of the graph that they are made in."""
    part = part_for(proto, names)
    return values_session(part.SerializeToString(), names, log="fatal")


def part_for(proto: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """The graph that makes these values alone, which are its outputs."""
    graph, needed = proto.graph, set(names)
    nodes = []
    for node in reversed(graph.node):
        if needed.isdisjoint(node.output):
            continue
        nodes.append(node)
        needed.update(_reads(node))
    part = onnx.ModelProto()
    part.CopyFrom(proto)
    del part.graph.node[:], part.graph.initializer[:], part.graph.output[:], part.graph.value_info[:]
    part.graph.node.extend(reversed(nodes))
    part.graph.initializer.extend(tensor for tensor in graph.initializer if tensor.name in needed)
    part.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in dict.fromkeys(names)
    )
    return part


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The names that a node reads, those of the graphs within it included."""
    yield from node.input
    for entry in node.attribute:
        if entry.type == onnx.AttributeProto.GRAPH:
            for inner in entry.g.node:
                yield from _reads(inner)


def _learn_layer(layer: QuantizedLayer, quantized: onnx.ModelProto, sums: tuple[Moments, Moments], limit: int) -> None:
    """Writes the rounding of one layer into the file."""
    stored = {tensor.name: tensor for tensor in quantized.graph.initializer}
    weight = layer.form.to_groups(layer.weight).astype(np.float64)
    scale = numpy_helper.to_array(stored[layer.weight_scale]).astype(np.float64)
    scales = np.broadcast_to(scale.reshape(-1), (weight.shape[0] * weight.shape[1],)).reshape(*weight.shape[:2], 1)
    rounding = learn(Layer(weight=weight, scale=scales, limit=limit), *sums, has_bias=layer.bias_value is not None)
    _store(stored[layer.integers], layer.form.to_stored(rounding.integers, layer.weight.shape))
    if layer.bias_value is not None and rounding.bias_shift is not None:
        step = numpy_helper.to_array(stored[layer.bias_scale]).astype(np.float64)
        values = (layer.bias_value.reshape(-1) + rounding.bias_shift.reshape(-1)) / step
        _store(stored[layer.bias], np.clip(np.rint(values), INT32.min, INT32.max))


def _store(tensor: onnx.TensorProto, integers: np.ndarray) -> None:
    old = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(integers.astype(old.dtype).reshape(old.shape), tensor.name))


def _dequantizes(node: onnx.NodeProto | None) -> TypeGuard[onnx.NodeProto]:
    return node is not None and node.op_type == "DequantizeLinear"
