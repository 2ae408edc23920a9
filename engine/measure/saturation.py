"""What a file of unsigned by signed bytes answers on an x86 processor without VNNI, emulated: an estimate.

There onnxruntime multiplies by vpmaddubsw, which adds two neighbouring products of an unsigned activation and a signed
weight into 16 bits and cuts what overflows (Intel's manual; "S8S8 or U8S8" in onnxruntime.ai, "Quantize ONNX models").
Neighbours are those in the order in which the kernels go through a sum: of a matrix its rows, of a convolution the
input channels at each position of the kernel. Depthwise convolutions have kernels of their own, which do not overflow.
Signed activations are made unsigned there, 128 more each (onnxruntime's QDQS8ToU8Transformer), and overflow as well.

The graph runs node by node in onnx's reference evaluator, but for these layers; what their sums lose is subtracted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper, version_converter
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from engine.models.counts import constant_tensors
from engine.models.nodes import readers_of

DOMAIN = "featherweight.saturation"
LEAST_OPSET = 19
"""The first one whose DequantizeLinear onnx's reference evaluator has."""
LOW, HIGH, LARGEST, SHIFT = -32_768, 32_767, 255, 128
"""The range of 16 bits, the largest activation, and what a signed one is lifted by."""
LAYERS = {"Conv": "SaturatedConv", "MatMul": "SaturatedMatMul", "Gemm": "SaturatedMatMul"}
_BYTES = (onnx.TensorProto.UINT8, onnx.TensorProto.INT8)
_PASSED = frozenset({"Relu", "Clip"})
"""Between a layer and the rounding of its output, onnxruntime still computes it in integers."""
EVALUATOR_ERRORS = (NotImplementedError, RuntimeError, TypeError, ValueError, LookupError, AttributeError)
"""What onnx's reference evaluator raises for an operator, or a form of one, that it does not have."""
Array = NDArray[Any]


@dataclass(frozen=True)
class Saturating:
    """The emulating graph; how many layers multiply unsigned by signed bytes, and in how many of them a sum of two
    products can overflow at all."""

    evaluator: ReferenceEvaluator
    n_layers: int
    n_can_saturate: int


def saturating(proto: onnx.ModelProto) -> Saturating:
    """The emulation of a QDQ file. Raises EVALUATOR_ERRORS where onnx's evaluator has no such operator."""
    proto = _raised(proto)
    constants = constant_tensors(proto)
    makers = {output: node for node in proto.graph.node for output in node.output}
    consumers = readers_of(proto.graph)
    n_layers = n_can = 0
    for node in proto.graph.node:
        operands = _operands(node, makers, constants, consumers)
        if operands is None:
            continue
        n_layers += 1
        weights = numpy_helper.to_array(constants[operands[3]])
        rows = _conv_rows(weights) if node.op_type == "Conv" else _matrix(weights, node)[:, None]
        if not can_saturate(rows).any():
            continue
        n_can += 1
        bias = [node.input[2]] if len(node.input) > 2 and node.input[2] else []
        node.op_type, node.domain = LAYERS[node.op_type], DOMAIN
        inputs = [*node.input[:2], *operands, *bias]
        del node.input[:]
        node.input.extend(inputs)
    proto.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return Saturating(ReferenceEvaluator(proto, new_ops=[SaturatedConv, SaturatedMatMul]), n_layers, n_can)


def can_saturate(rows: Array) -> Array:
    """(pairs, ...) bool: whether two neighbouring products can overflow, of weights (K, ...) in the kernels' order."""
    first, second = _pairs(rows.astype(np.int32))
    most = LARGEST * (np.maximum(first, 0) + np.maximum(second, 0))
    least = LARGEST * (np.minimum(first, 0) + np.minimum(second, 0))
    return np.asarray((most > HIGH) | (least < LOW))


def lost(columns: Array, rows: Array) -> Array:
    """(M, N) int64: what sums of (M, K) unsigned by (K, N) signed bytes gain or lose by the cut to 16 bits."""
    total = np.zeros((len(columns), rows.shape[1]), np.int64)
    evens, odds = _pairs(columns.T.astype(np.int32))
    first, second = _pairs(rows.astype(np.int32))
    affected = can_saturate(rows)
    for pair in np.flatnonzero(affected.any(axis=1)):
        outputs = np.flatnonzero(affected[pair])
        sums = np.multiply.outer(evens[pair], first[pair, outputs]) + np.multiply.outer(
            odds[pair], second[pair, outputs]
        )
        total[:, outputs] += np.clip(sums, LOW, HIGH) - sums
    return total


def _unsigned(values: Array) -> Array:
    """Bytes as the kernels take them."""
    return (values.astype(np.int16) + SHIFT).astype(np.uint8) if values.dtype == np.int8 else values


def _pairs(rows: Array) -> tuple[Array, Array]:
    """The even and the odd rows; a last one without a neighbour gets zeros."""
    if len(rows) % 2:
        rows = np.concatenate([rows, np.zeros_like(rows[:1])])
    return rows[0::2], rows[1::2]


def _operands(
    node: onnx.NodeProto,
    makers: Mapping[str, onnx.NodeProto],
    constants: Mapping[str, onnx.TensorProto],
    consumers: Mapping[str, list[onnx.NodeProto]],
) -> tuple[str, str, str, str, str] | None:
    """The names of activation, its scale and zero point, and of weights and their scale; None for any other node."""
    if node.op_type not in LAYERS or node.domain not in ("", "ai.onnx") or not _is_rounded(node, consumers):
        return None
    activation, weights = (makers.get(name) for name in node.input[:2])
    if activation is None or weights is None or {activation.op_type, weights.op_type} != {"DequantizeLinear"}:
        return None
    if len(activation.input) < 3 or weights.input[0] not in constants or activation.input[0] in constants:
        return None
    zero, values = constants.get(activation.input[2]), constants[weights.input[0]]
    if zero is None or zero.data_type not in _BYTES or values.data_type != onnx.TensorProto.INT8:
        return None
    if node.op_type == "Conv" and _attribute(node, "group", 1) > 1 and values.dims[1] == 1:
        return None
    return (*activation.input[:3], *weights.input[:2])


def _is_rounded(node: onnx.NodeProto, consumers: Mapping[str, list[onnx.NodeProto]]) -> bool:
    """Whether onnxruntime computes it in integers: a convolution only where its output is rounded to bytes."""
    if node.op_type != "Conv":
        return True
    following = consumers.get(node.output[0], [])
    if len(following) == 1 and following[0].op_type in _PASSED:
        following = consumers.get(following[0].output[0], [])
    return bool(following) and all(one.op_type == "QuantizeLinear" for one in following)


def _conv_rows(weights: Array) -> Array:
    """(K, outputs) in the kernels' order, of (outputs, channels, height, width): positions first, channels last."""
    return np.moveaxis(weights, 1, -1).reshape(len(weights), -1).T


def _matrix(weights: Array, node: onnx.NodeProto) -> Array:
    return weights.T if _attribute(node, "transB", 0) else weights


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _raised(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy, of a later opset where onnx's evaluator does not read its quantization."""
    own = next(entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx"))
    if own < LEAST_OPSET:
        return version_converter.convert_version(proto, LEAST_OPSET)
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


class SaturatedMatMul(OpRun):
    """A MatMul or Gemm with what its sums lose."""

    op_domain = DOMAIN

    def _run(
        self,
        x: Array,
        w: Array,
        a: Array,
        a_scale: Array,
        a_zero: Array,
        b: Array,
        b_scale: Array,
        *bias: Array,
        **attributes: Any,
    ) -> tuple[Array]:
        if attributes.get("transB"):
            w, b = w.T, b.T
        exact = x @ w
        a = _unsigned(a)
        loss = lost(a.reshape(-1, a.shape[-1]), b).reshape(exact.shape)
        outputs = exact + loss * np.float32(a_scale) * np.asarray(b_scale, np.float32)
        return (np.asarray(outputs + bias[0] if bias else outputs, np.float32),)


class SaturatedConv(OpRun):
    """A Conv with what its sums lose."""

    op_domain = DOMAIN

    def _run(
        self,
        x: Array,
        w: Array,
        a: Array,
        a_scale: Array,
        a_zero: Array,
        b: Array,
        b_scale: Array,
        *bias: Array,
        **attributes: Any,
    ) -> tuple[Array]:
        groups, scale = attributes.get("group") or 1, np.float32(a_scale) * np.asarray(b_scale, np.float32).reshape(-1)
        a, a_zero = _unsigned(a), _unsigned(a_zero)
        of_group, per_group = len(b) // groups, b.shape[1]
        parts = []
        for group in range(groups):
            own = slice(group * per_group, (group + 1) * per_group)
            rows = _conv_rows(b[group * of_group : (group + 1) * of_group])
            scales = scale[group * of_group : (group + 1) * of_group] if len(scale) > 1 else scale
            columns, shape = _columns(a[:, own], attributes, b.shape[2:], int(a_zero))
            sums = (columns.astype(np.float32) - np.float32(a_zero)) @ rows.astype(np.float32)
            parts.append(((sums + lost(columns, rows)) * scales).reshape(*shape, -1))
        outputs = np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)
        return (np.asarray(outputs + bias[0].reshape(1, -1, 1, 1) if bias else outputs, np.float32),)


def _columns(
    a: Array, attributes: Mapping[str, Any], kernel: tuple[int, ...], zero: int
) -> tuple[Array, tuple[int, int, int]]:
    """(N * H * W, K) of the outputs' positions, K in the kernels' order; and (N, H, W).

    Raises NotImplementedError where the padding is not written out.
    """
    if attributes.get("auto_pad") not in (None, "NOTSET"):
        raise NotImplementedError(f"a convolution is padded by {attributes['auto_pad']}")
    strides, dilations = attributes.get("strides") or [1, 1], attributes.get("dilations") or [1, 1]
    top, left, bottom, right = attributes.get("pads") or [0, 0, 0, 0]
    padded = np.pad(a, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=zero)
    span = tuple(dilation * (edge - 1) + 1 for dilation, edge in zip(dilations, kernel, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(padded, span, axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    n, _, height, width = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * height * width, -1), (n, height, width)
