"""SiLU as one float operator among 8-bit layers, and hard-swish in integers."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData

from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.swish import aligned_ranges, fuse_silu, silu_pairs
from tests.drawn_weights import weights
from tests.techniques.given import again, classifier, given, named, operators, outputs

STATIC = QuantizeStatic(method="static", bias_correction=False)
FUSED = STATIC.model_copy(update={"fused_swish": True})
SILU = [("Sigmoid", ["a"], "gate"), ("Mul", ["a", "gate"], "b")]
HARD_SWISH = [("HardSigmoid", ["a"], "gate", {"alpha": 1 / 6, "beta": 0.5}), ("Mul", ["a", "gate"], "b")]


def network(activation):
    """Conv, the activation from `a` to `b`, and a head."""
    constants = {"w1": weights(8, 3, 3, 3) * 0.3, "w2": weights(8, 8, 3, 3), "w3": weights(8, 4)}
    nodes = [
        ("Conv", ["image", "w1"], "a", {"pads": [1] * 4}),
        *activation,
        ("Conv", ["b", "w2"], "c", {"pads": [1] * 4}),
        ("GlobalAveragePool", ["c"], "d"),
        ("Flatten", ["d"], "e"),
        ("Gemm", ["e", "w3"], "logits"),
    ]
    return classifier(nodes, constants)


def error(path, reference):
    return float(np.linalg.norm(outputs(path, n=200) - outputs(reference, n=200)))


@pytest.mark.parametrize(
    ("activation", "there", "gone"), [(SILU, "QuickGelu", "Sigmoid"), (HARD_SWISH, "Clip", "HardSigmoid")]
)
@pytest.mark.parametrize("activations", ["unsigned", "signed"])
def test_the_fused_file_is_no_further_from_fp32(activation, there, gone, activations, tmp_path):
    model, context = given(network(activation), tmp_path)
    apart = quantize_static(model, STATIC.model_copy(update={"activations": activations}), context)
    fused = quantize_static(model, FUSED.model_copy(update={"activations": activations}), again(context, "fused"))
    assert (gone in operators(apart.onnx.path), there in operators(apart.onnx.path)) == (True, False)
    assert (gone in operators(fused.onnx.path), there in operators(fused.onnx.path)) == (False, True)
    assert error(fused.onnx.path, model.path) <= 1.1 * error(apart.onnx.path, model.path)
    assert "not_compared" not in {note.code for note in fused.notes}


def test_a_hard_sigmoid_in_integers_is_that_of_the_integers_it_reads(tmp_path):
    """Every integer of the input, as the file maps it, against the formula: no rounding of its own."""
    model, context = given(network(HARD_SWISH), tmp_path)
    graph = onnx.load(quantize_static(model, FUSED, context).onnx.path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    (clip,) = [node for node in graph.node if node.op_type == "Clip"]
    read, written = (
        next(node for node in graph.node if node.op_type == "DequantizeLinear" and node.input[0] == name)
        for name in (clip.input[0], clip.output[0])
    )
    integers = np.arange(256)
    x = (integers - float(stored[read.input[2]])) * stored[read.input[1]]
    cut = np.clip(integers, stored[clip.input[1]], stored[clip.input[2]])
    found = (cut - float(stored[written.input[2]])) * stored[written.input[1]]
    np.testing.assert_allclose(found, np.clip(x / 6 + 0.5, 0, 1), atol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(-3.5, 9.0), (-20.0, 20.0), (-3.0, 3.0), (-4.1, 0.2), (-300.0, 2.0)])
def test_an_aligned_range_holds_the_first_and_puts_zero_and_minus_three_on_integers(low, high):
    proto = network(HARD_SWISH)
    before, after = ranges(low, high), aligned_ranges(proto, ranges(low, high))
    found_low, found_high = (float(bound) for bound in after["a"].range_value)
    step = (found_high - found_low) / 255
    assert found_low <= low + 1e-4
    assert found_high >= high - 1e-2 * step
    assert found_high - found_low < 1.5 * (high - low)
    for point in (-found_low / step, 3 / step):
        assert point == pytest.approx(round(point), abs=1e-3)
    assert after["c"].range_value == before["c"].range_value


def test_a_range_that_others_read_is_not_widened_at_their_cost():
    proto = network(HARD_SWISH)
    assert tuple(aligned_ranges(proto, ranges(-0.5, 0.5))["a"].range_value) == (-0.5, 0.5)
    gate_alone = network([HARD_SWISH[0], ("Mul", ["gate", "gate"], "b")])
    assert aligned_ranges(gate_alone, ranges(-0.5, 0.5))["a"].range_value[0] == pytest.approx(-3, abs=1e-5)


def ranges(low, high):
    values = {"a": (np.float32(low), np.float32(high)), "c": (np.float32(-1), np.float32(1))}
    return TensorsData(CalibrationMethod.MinMax, values)


@pytest.mark.parametrize(
    "activation",
    [
        [("Sigmoid", ["a"], "gate"), ("Mul", ["gate", "gate"], "b")],
        [("Sigmoid", ["a"], "gate"), ("Relu", ["a"], "r"), ("Mul", ["r", "gate"], "b")],
        [*SILU[:1], ("Mul", ["a", "gate"], "m"), ("Add", ["m", "gate"], "b")],
    ],
    ids=["of itself", "of another value", "read twice"],
)
def test_what_is_no_silu_stays(activation):
    proto = network(activation)
    before = proto.SerializeToString()
    assert (silu_pairs(proto), fuse_silu(proto), proto.SerializeToString()) == ([], 0, before)


def test_another_hard_sigmoid_stays_in_float(tmp_path):
    other = [named("HardSigmoid", ["a"], "gate", {"alpha": 0.2, "beta": 0.4}), HARD_SWISH[1]]
    model, context = given(network(other), tmp_path)
    assert "HardSigmoid" in operators(quantize_static(model, FUSED, context).onnx.path)
