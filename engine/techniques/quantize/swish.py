"""SiLU and hard-swish among 8-bit layers: the first as one float operator, the second in integers.

onnxruntime's quantizer takes SiLU apart into two 8-bit operators, where its float form is a single one with a fast
kernel, and leaves HardSigmoid in float between conversions, where the integers of its input are those of its output.
docs/log.md, 2026-11-27, has the figures.
"""

import math

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData

from engine.models.nodes import readers_of
from engine.techniques.quantize.layers import attribute

CONTRIB = "com.microsoft"
LEVELS = 255
"""Steps between the lowest and the highest value of 8 bits."""
MOST_WIDENED = 1.5
"""How many times as wide a range may become where others than the HardSigmoid read it: each doubling costs a bit."""
_HALF = 0.5
_EXACT = 1e-3
"""How far a zero point may be from an integer, in steps."""


def silu_pairs(proto: onnx.ModelProto) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """The Sigmoid and the Mul of every x * sigmoid(x) whose sigmoid nothing else reads."""
    readers = readers_of(proto.graph)
    pairs = []
    for node in proto.graph.node:
        multiplied = _only_reader(node, readers) if node.op_type == "Sigmoid" else None
        if multiplied is not None and sorted(multiplied.input) == sorted([node.input[0], node.output[0]]):
            pairs.append((node, multiplied))
    return pairs


def fuse_silu(proto: onnx.ModelProto) -> int:
    """Makes every SiLU one QuickGelu of alpha 1, in place, under the name of its Mul; returns how many.

    QuickGelu(x) = x * sigmoid(alpha * x): onnxruntime's docs/ContribOperators.md. OpenVINO reads it too.
    """
    pairs = silu_pairs(proto)
    if not pairs:
        return 0
    sigmoids, products = {one.name for one, _ in pairs}, {product.name: one.input[0] for one, product in pairs}
    nodes = []
    for node in proto.graph.node:
        if node.name in products:
            names = [products[node.name]], list(node.output)
            nodes.append(helper.make_node("QuickGelu", *names, name=node.name, domain=CONTRIB, alpha=1.0))
        elif node.name not in sigmoids:
            nodes.append(onnx.NodeProto.FromString(node.SerializeToString()))
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    if all(opset.domain != CONTRIB for opset in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    return len(pairs)


def aligned_ranges(proto: onnx.ModelProto, ranges: TensorsData) -> TensorsData:
    """The ranges, in which those of HardSigmoids' inputs are widened so far that `integer_hard_sigmoids` is exact.

    A range is left as it is where others read it and it would become more than MOST_WIDENED times as wide.
    """
    changed = {name: tuple(value.range_value) for name, value in ranges.items()}
    readers = readers_of(proto.graph)
    for node in proto.graph.node:
        slope = _slope(node)
        if slope is None or node.input[0] not in changed:
            continue
        low, high = (float(bound) for bound in changed[node.input[0]])
        aligned = _aligned(low, high, slope)
        is_shared = len(readers[node.input[0]]) > 1
        if aligned is None or (is_shared and aligned[1] - aligned[0] > MOST_WIDENED * (high - low)):
            continue
        changed[node.input[0]] = (np.float32(aligned[0]), np.float32(aligned[1]))
    return TensorsData(CalibrationMethod.MinMax, changed)


def integer_hard_sigmoids(quantized: onnx.ModelProto) -> int:
    """Makes every HardSigmoid between 8-bit values one Clip of integers, in place; returns how many.

    With x = s (q - z), clip(a x + 1/2, 0, 1) is q again, of step a s and zero point z - n where n = 1 / (2 a s) is an
    integer, within n of z: no value is computed, and none is rounded once more.
    """
    graph = quantized.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    makers, readers = {output: node for node in graph.node for output in node.output}, readers_of(quantized.graph)
    clips: dict[str, onnx.NodeProto] = {}
    dropped: set[str] = set()
    for node in graph.node:
        slope, source, rounding = _slope(node), makers.get(node.input[0]), _only_reader(node, readers)
        if slope is None or source is None or source.op_type != "DequantizeLinear":
            continue
        if rounding is None or rounding.op_type != "QuantizeLinear" or len(source.input) < 3:
            continue
        step, zero = (numpy_helper.to_array(stored[name]) for name in source.input[1:3])
        limits = _limits(step, zero, slope)
        if limits is None:
            continue
        low, high = _store(node.name, limits, zero.dtype, graph)
        factor = f"{node.name}_step"
        graph.initializer.append(numpy_helper.from_array(np.asarray(step * slope, np.float32), factor))
        clips[node.name] = helper.make_node("Clip", [source.input[0], low, high], rounding.output, name=node.name)
        dropped.add(rounding.name)
        for reader in readers[rounding.output[0]]:
            reader.input[1], reader.input[2] = factor, low
    _replace(graph, clips, dropped)
    return len(clips)


def _replace(graph: onnx.GraphProto, clips: dict[str, onnx.NodeProto], dropped: set[str]) -> None:
    """Puts each Clip in the place of the node of its name, and drops nodes and the DequantizeLinears nobody reads."""
    nodes = [clips.get(node.name, node) for node in graph.node if node.name not in dropped]
    read = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    nodes = [node for node in nodes if node.op_type != "DequantizeLinear" or node.output[0] in read]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _slope(node: onnx.NodeProto) -> float | None:
    """The slope of a HardSigmoid that is 1/2 at 0; None for any other node."""
    if node.op_type != "HardSigmoid" or attribute(node, "beta", _HALF) != _HALF:
        return None
    slope = float(attribute(node, "alpha", 0.2))
    return slope if slope > 0 else None


def _aligned(low: float, high: float, slope: float) -> tuple[float, float] | None:
    """A range that holds this one and -1/(2 slope), whose zero is at an integer and so many whole steps from there.

    None where a step would be wider than that.
    """
    reach = _HALF / slope
    low, high = min(low, -reach), max(high, 0.0)
    for n in range(int(LEVELS * reach / (high - low)), 0, -1):
        step = reach / n
        below = math.ceil(-low / step - _EXACT)
        if (LEVELS - below + _EXACT) * step >= high:
            return -below * step, (LEVELS - below) * step
    return None


def _limits(step: np.ndarray, zero: np.ndarray, slope: float) -> tuple[int, int] | None:
    """The integers of 0 and of 1 in the output, the latter at most the highest; None where 0 has none."""
    if step.size != 1 or zero.dtype not in (np.uint8, np.int8):
        return None
    n, kind = _HALF / (slope * float(step)), np.iinfo(zero.dtype)
    if abs(n - round(n)) > _EXACT * max(1.0, n) or int(zero) - round(n) < kind.min:
        return None
    return int(zero) - round(n), min(int(zero) + round(n), int(kind.max))


def _store(name: str, limits: tuple[int, int], kind: np.dtype, graph: onnx.GraphProto) -> tuple[str, str]:
    names = f"{name}_lowest", f"{name}_highest"
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(limit, kind), one) for limit, one in zip(limits, names, strict=True)
    )
    return names


def _only_reader(node: onnx.NodeProto, readers: dict[str, list[onnx.NodeProto]]) -> onnx.NodeProto | None:
    found = readers.get(node.output[0], [])
    return found[0] if len(found) == 1 else None
