"""The emulation of 16-bit sums: what is cut, in which order products are neighbours, and which layers have them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.measure.saturation import can_saturate, lost, saturating


def by_hand(activations, weights):
    """What vpmaddubsw and the sum of its results give, product by product."""
    outputs = np.zeros((len(activations), weights.shape[1]), np.int64)
    for row, values in enumerate(activations):
        for column in range(weights.shape[1]):
            for start in range(0, len(values), 2):
                pair = int(values[start]) * int(weights[start, column])
                if start + 1 < len(values):
                    pair += int(values[start + 1]) * int(weights[start + 1, column])
                outputs[row, column] += min(max(pair, -32768), 32767)
    return outputs


@pytest.mark.parametrize("depth", [1, 2, 7, 64])
def test_sums_lose_what_sixteen_bits_cut(depth):
    rng = np.random.default_rng(depth)
    activations = rng.integers(0, 256, (5, depth)).astype(np.uint8)
    weights = rng.integers(-127, 128, (depth, 6)).astype(np.int8)
    exact = activations.astype(np.int64) @ weights.astype(np.int64)
    assert (exact + lost(activations, weights) == by_hand(activations, weights)).all()


def test_seven_bits_cannot_overflow_and_eight_can():
    assert not can_saturate(np.full((2, 1), 64, np.int8)).any()
    assert can_saturate(np.full((2, 1), 65, np.int8)).all()
    assert not can_saturate(np.array([[127], [-127]], np.int8)).any()


def quantized_conv(group: int, weights: np.ndarray, zero: np.generic, *, rounded: bool = True) -> onnx.ModelProto:
    """Bytes -> a convolution of 8 bits -> bytes, each quantization with a scale of 1."""
    values = {
        "one": np.float32(1),
        "zero": zero,
        "weights": weights,
        "w_zero": np.int8(0),
        "wide": np.float32(1000),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["image", "one", "zero"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "one", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["weights", "one", "w_zero"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["y"], group=group),
    ]
    if rounded:
        nodes.append(helper.make_node("QuantizeLinear", ["y", "wide", "zero"], ["out"]))
    output = ("out", helper.np_dtype_to_tensor_dtype(zero.dtype)) if rounded else ("y", TensorProto.FLOAT)
    graph = helper.make_graph(
        nodes,
        "conv",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", group * weights.shape[1], 2, 2])],
        [helper.make_tensor_value_info(output[0], output[1], None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


WEIGHTS = np.full((1, 2, 1, 1), 127, np.int8)


@pytest.mark.parametrize(
    ("group", "weights", "zero", "rounded", "n"),
    [
        (1, WEIGHTS, np.uint8(0), True, (1, 1)),
        (1, WEIGHTS // 2, np.uint8(0), True, (1, 0)),
        (1, WEIGHTS, np.int8(0), True, (1, 1)),
        (1, WEIGHTS, np.uint8(0), False, (0, 0)),
        (2, np.full((2, 1, 1, 1), 127, np.int8), np.uint8(0), True, (0, 0)),
    ],
    ids=["u8 by s8", "7 bits", "s8 by s8", "no rounding behind it", "depthwise"],
)
def test_only_sums_in_integers_of_layers_that_are_not_depthwise_count(group, weights, zero, rounded, n):
    found = saturating(quantized_conv(group, weights, zero, rounded=rounded))
    assert (found.n_layers, found.n_can_saturate) == n


def test_a_padding_that_is_not_written_out_is_refused_and_not_left_out():
    proto = quantized_conv(1, WEIGHTS, np.uint8(0))
    next(node for node in proto.graph.node if node.op_type == "Conv").attribute.append(
        helper.make_attribute("auto_pad", "SAME_UPPER")
    )
    with pytest.raises(NotImplementedError, match="padded by SAME_UPPER"):
        saturating(proto).evaluator.run(None, {"image": np.full((1, 2, 2, 2), 255, np.float32)})


def test_a_convolution_that_overflows_is_cut():
    found = saturating(quantized_conv(1, WEIGHTS, np.uint8(0)))
    (out,) = found.evaluator.run(None, {"image": np.full((1, 2, 2, 2), 255, np.float32)})
    assert (out == 33).all()  # 32,767 of 64,770, in steps of 1000


def test_signed_activations_are_lifted_and_overflow_too():
    found = saturating(quantized_conv(1, WEIGHTS, np.int8(0)))
    (out,) = found.evaluator.run(None, {"image": np.full((1, 2, 2, 2), 127, np.float32)})
    assert (out == 0).all()  # 32,767 of 64,770, less 32,512 for the zero point of 128, in steps of 1000
