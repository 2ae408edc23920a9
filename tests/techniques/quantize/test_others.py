"""Dynamic INT8 and 8-bit weights."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from engine.errors import StepError
from engine.settings import QuantizeDynamic, QuantizeWeights
from engine.system.machine import isa
from engine.techniques.quantize import quantize_dynamic, quantize_weights
from tests.drawn_weights import weights
from tests.techniques.given import again, classifier, given, operators, outputs

DYNAMIC = QuantizeDynamic(method="dynamic")
WEIGHTS = QuantizeWeights(method="weights")
NODES = [
    ("Conv", ["image", "w1"], "a", {"pads": [1] * 4}),
    ("Flatten", ["a"], "b"),
    ("MatMul", ["b", "w2"], "c"),
    ("Relu", ["c"], "d"),
    ("Gemm", ["d", "w3", "b3"], "logits"),
]


def mixed():
    return classifier(
        NODES, {"w1": weights(64, 3, 3, 3), "w2": weights(4096, 64) / 64, "w3": weights(64, 4), "b3": weights(4)}
    )


def close(made, model, share):
    error, largest = np.abs(outputs(made.path) - outputs(model.path)).max(), np.abs(outputs(model.path)).max()
    return 0 < error < share * largest


def test_dynamic_is_for_matmul_and_gemm_alone_and_needs_no_images(tmp_path):
    model, context = given(mixed(), tmp_path)
    outcome = quantize_dynamic(model, DYNAMIC, replace(context, isa=isa()))
    found = operators(outcome.model.path)
    assert found.count("MatMulInteger") == 2
    assert found.count("Conv") == 1
    assert "2 layers" in outcome.notes[0].text
    assert close(outcome.model, model, 0.05)


@pytest.mark.parametrize(("flags", "largest"), [(("avx2",), 64), (("avx2", "avx512_vnni"), 127), (("asimd",), 127)])
def test_dynamic_weights_keep_to_7_bits_where_sums_would_saturate(flags, largest, tmp_path):
    model, context = given(mixed(), tmp_path)
    made = onnx.load(quantize_dynamic(model, DYNAMIC, replace(context, isa=flags)).model.path)
    stored = [numpy_helper.to_array(one) for one in made.graph.initializer if one.data_type == TensorProto.INT8]
    assert max(np.abs(values.astype(int)).max() for values in stored) == largest


def test_dynamic_is_refused_where_the_weights_come_first(tmp_path):
    """onnxruntime's quantizer leaves such a MatMul as it is."""
    nodes = [
        ("GlobalAveragePool", ["image"], "a"),
        ("Flatten", ["a"], "b"),
        ("Transpose", ["b"], "c"),
        ("MatMul", ["w", "c"], "d"),
        ("Transpose", ["d"], "logits"),
    ]
    model, context = given(classifier(nodes, {"w": weights(4, 3)}), tmp_path)
    with pytest.raises(StepError, match="dynamic quantization is for MatMul and Gemm"):
        quantize_dynamic(model, DYNAMIC, context)


def test_dynamic_leaves_in_float_what_is_named(tmp_path):
    model, context = given(mixed(), tmp_path)
    for name, left in (("Gemm for logits", "MatMul"), ("MatMul for c", "MatMul")):
        folder = again(context, left + name[:4])
        made = quantize_dynamic(model, DYNAMIC.model_copy(update={"float_nodes": (name,)}), folder).model
        assert operators(made.path).count("MatMulInteger") == 1


@pytest.mark.parametrize(
    ("nodes", "changes"),
    [
        ([NODES[0], ("GlobalAveragePool", ["a"], "p"), ("Flatten", ["p"], "logits")], {}),
        (NODES, {"float_nodes": ("MatMul for c", "Gemm for logits")}),
    ],
)
def test_dynamic_is_refused_by_name_where_there_is_no_matmul(nodes, changes, tmp_path):
    used = {name for node in nodes for name in node[1]}
    constants = {"w1": weights(64, 3, 3, 3), "w2": weights(4096, 64), "w3": weights(64, 4), "b3": weights(4)}
    proto = classifier(
        nodes, {name: value for name, value in constants.items() if name in used}, n_classes=4 if nodes is NODES else 64
    )
    model, context = given(proto, tmp_path)
    with pytest.raises(StepError, match="dynamic quantization is for MatMul and Gemm"):
        quantize_dynamic(model, DYNAMIC.model_copy(update=changes), context)


def test_weights_alone_are_a_quarter_of_the_file_and_stay_close(tmp_path):
    model, context = given(mixed(), tmp_path)
    outcome = quantize_weights(model, WEIGHTS, context)
    assert outcome.model.path.stat().st_size < 0.35 * model.path.stat().st_size
    assert operators(outcome.model.path).count("MatMulNBits") == 1
    assert operators(outcome.model.path).count("DequantizeLinear") == 1
    assert "1 MatMul and Gemm (blocks of 32) and 1 Conv" in outcome.notes[0].text
    assert close(outcome.model, model, 0.05)


def test_weights_leave_in_float_what_is_named(tmp_path):
    model, context = given(mixed(), tmp_path)
    found = {}
    for name in [node.name for node in onnx.load(model.path).graph.node if node.op_type in ("Conv", "MatMul", "Gemm")]:
        settings = WEIGHTS.model_copy(update={"float_nodes": (name,)})
        types = operators(quantize_weights(model, settings, context).model.path)
        found[name.split()[0]] = types.count("DequantizeLinear"), types.count("MatMulNBits")
    assert found["Conv"] == (0, 1)
    assert (1, 0) in found.values()
    with pytest.raises(StepError, match="no node 'nothing'"):
        quantize_weights(model, WEIGHTS.model_copy(update={"float_nodes": ("nothing",)}), context)


def test_smaller_blocks_are_closer_and_convolutions_can_be_left_out(tmp_path):
    model, context = given(mixed(), tmp_path)
    errors = []
    for size in (16, 256):
        settings = WEIGHTS.model_copy(update={"block_size": size, "convolutions": False})
        made = quantize_weights(model, settings, again(context, str(size))).model
        assert "DequantizeLinear" not in operators(made.path)
        errors.append(np.abs(outputs(made.path, 32) - outputs(model.path, 32)).mean())
    assert errors[0] < errors[1]


def test_weights_that_would_save_nothing_are_refused(tmp_path):
    nodes = [("GlobalAveragePool", ["image"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w"], "logits")]
    model, context = given(classifier(nodes, {"w": weights(3, 4)}), tmp_path)
    with pytest.raises(StepError, match="no layer has 1024 weights"):
        quantize_weights(model, WEIGHTS, context)


def test_weights_quantize_with_a_scale_for_each_output_channel(tmp_path):
    kernel = weights(64, 3, 3, 3)
    kernel[0] *= 1000
    nodes = [NODES[0], ("GlobalAveragePool", ["a"], "p"), ("Flatten", ["p"], "logits")]
    model, context = given(classifier(nodes, {"w1": kernel}, n_classes=64), tmp_path)
    made = quantize_weights(model, WEIGHTS, context).model
    proto = onnx.load(made.path)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    restored = stored["w1_int8"] * stored["w1_scale"].reshape(-1, 1, 1, 1)
    assert np.abs(restored - kernel).reshape(64, -1).max(axis=1)[1:].max() < 0.05
