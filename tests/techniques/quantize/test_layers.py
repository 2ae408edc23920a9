"""Layers as exporters and optimisers write them: what quantizers expect is made of each, with the same outputs."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from engine.measure.quality import sqnr_db
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights
from engine.techniques.quantize import fold, quantize_dynamic, quantize_static, quantize_weights
from tests.drawn_weights import weights
from tests.techniques.given import again, classifier, given, outputs

STATIC = QuantizeStatic(method="static")
START = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("GlobalAveragePool", ["b"], "p"),
    ("Flatten", ["p"], "f"),
]
CONSTANTS = {"w1": weights(32, 3, 3, 3), "b1": weights(32), "w2": weights(32, 4)}
SAFE_DB = 15


def headed(bias, **attributes):
    return classifier([*START, ("Gemm", ["f", "w2", "b2"], "logits", attributes)], {**CONSTANTS, "b2": bias})


def shared_bias():
    """One constant that is a bias of two layers with other scales, and a summand."""
    nodes = [
        ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
        ("Conv", ["a", "w", "b1"], "c"),
        ("GlobalAveragePool", ["c"], "p"),
        ("Flatten", ["p"], "f"),
        ("Add", ["f", "b1"], "g"),
        ("Gemm", ["g", "w2"], "logits"),
    ]
    return classifier(nodes, {**CONSTANTS, "w": 9 * weights(32, 32, 1, 1)})


def optimised(tmp_path):
    """As onnxruntime's optimiser saves it: with operators of its own."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnx.save(headed(weights(4)), tmp_path / "plain.onnx")
    ort.InferenceSession(str(tmp_path / "plain.onnx"), options, providers=["CPUExecutionProvider"])
    proto = onnx.load(tmp_path / "optimised.onnx")
    assert any(node.op_type == "FusedConv" for node in proto.graph.node)
    return proto


def fused_sum():
    fused = helper.make_node(
        "FusedConv",
        ["image", "w", "b", "image"],
        ["a"],
        domain="com.microsoft",
        pads=[1] * 4,
        activation="LeakyRelu",
        activation_params=[0.2],
    )
    nodes = [fused, ("GlobalAveragePool", ["a"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "v"], "logits")]
    proto = classifier(nodes, {"w": weights(3, 3, 3, 3), "b": weights(3), "v": weights(3, 4)})
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


@pytest.mark.parametrize(
    "make",
    [
        lambda _: headed(weights(1, 4)),
        lambda _: headed(weights(1)),
        lambda _: headed(np.float32(2.5)),
        lambda _: headed(weights(4), beta=3.0),
        lambda _: headed(weights(1, 4), alpha=0.25, beta=0.5),
        lambda _: shared_bias(),
        optimised,
        lambda _: fused_sum(),
    ],
    ids=["bias (1, C)", "one element", "scalar", "beta", "alpha and beta", "shared bias", "optimised", "fused sum"],
)
def test_every_method_keeps_the_function_of_a_layer_in_another_form(make, tmp_path):
    model, context = given(make(tmp_path), tmp_path)
    wanted = outputs(model.path)
    assert outputs(fold(model, tmp_path, context.data.unreported)) == pytest.approx(wanted, abs=1e-4)
    made = [
        quantize_static(model, STATIC, context),
        quantize_dynamic(model, QuantizeDynamic(method="dynamic"), again(context, "dynamic")),
    ]
    if model.parameters > 4000:
        made.append(quantize_weights(model, QuantizeWeights(method="weights"), again(context, "weights")))
    for outcome in made:
        assert (sqnr_db(outputs(outcome.onnx.path), wanted) or np.inf) > SAFE_DB


def test_constants_of_two_kinds_are_stored_for_each_and_none_is_left_over(tmp_path):
    model, context = given(shared_bias(), tmp_path)
    graph = onnx.load(fold(model, tmp_path, context.data.unreported)).graph
    reads = [name for node in graph.node for name in node.input]
    stored = {tensor.name for tensor in graph.initializer}
    assert stored <= set(reads)
    assert all(reads.count(node.input[2]) == 1 for node in graph.node if node.op_type == "Conv")
