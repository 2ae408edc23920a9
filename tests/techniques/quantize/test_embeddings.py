"""Graphs as language models have them: whole numbers look up an embedding, and there are several outputs."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from engine.measure.quality import sqnr_db
from engine.models.graph import OUTPUT_KEY
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights
from engine.techniques.quantize import quantize_dynamic, quantize_static, quantize_weights
from tests.drawn_weights import weights
from tests.techniques.given import CPU, classifier, given, operators, outputs

NODES = [
    ("GlobalAveragePool", ["image"], "mean"),
    ("Flatten", ["mean"], "values"),
    ("Abs", ["values"], "positive"),
    ("Cast", ["positive"], "ids", {"to": TensorProto.INT64}),
    ("Gather", ["table", "ids"], "tokens"),
    ("MatMul", ["tokens", "w1"], "hidden"),
    ("Softmax", ["hidden"], "shares", {"axis": -1}),
    ("Relu", ["hidden"], "active"),
    ("ReduceMean", ["active", "axis"], "pooled", {"keepdims": 0}),
    ("MatMul", ["pooled", "w2"], "scores"),
    ("Sigmoid", ["scores"], "logits"),
]


def language_model():
    """Three ids an example; `shares` (batch, 3, 64) is an output beside the scores."""
    constants = {"table": weights(10, 64), "w1": weights(64, 64) / 8, "w2": weights(64, 64) / 8, "axis": np.array([1])}
    proto = classifier(NODES, constants, n_classes=64)
    proto.graph.output.append(helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["batch", 3, 64]))
    return proto


@pytest.mark.parametrize(
    ("technique", "settings", "operator", "count"),
    [
        (quantize_static, QuantizeStatic(method="static"), "QuantizeLinear", 1),
        (quantize_dynamic, QuantizeDynamic(method="dynamic"), "MatMulInteger", 2),
        (quantize_weights, QuantizeWeights(method="weights"), "MatMulNBits", 2),
    ],
    ids=["static", "dynamic", "weights"],
)
def test_whole_numbers_are_left_alone_and_every_output_stays_close(technique, settings, operator, count, tmp_path):
    model, context = given(language_model(), tmp_path)
    made = technique(model, settings, context).onnx
    assert operators(made.path).count(operator) >= count
    graph = onnx.load(made.path).graph
    (gather,) = (node for node in graph.node if node.op_type == "Gather")
    assert gather.input[1] == "ids"
    assert [value.name for value in graph.output] == ["logits", "shares"]
    assert sqnr_db(outputs(made.path), outputs(model.path)) > 20


@pytest.mark.parametrize("operator", ["Relu", "Clip"])
def test_an_output_that_an_activation_reads_keeps_what_that_cuts_off(operator, tmp_path):
    bounds = {"low": np.float32(0), "high": np.float32(1)}
    nodes = [
        ("Flatten", ["image"], "values"),
        ("MatMul", ["values", "w1"], "hidden"),
        (operator, ["hidden", *(bounds if operator == "Clip" else ())], "active"),
        ("MatMul", ["active", "w2"], "logits"),
    ]
    constants = {"w1": weights(192, 64) / 14, "w2": weights(64, 4)} | (bounds if operator == "Clip" else {})
    proto = classifier(nodes, constants)
    proto.graph.output.append(helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["batch", 64]))
    helper.set_model_props(proto, {OUTPUT_KEY: "logits"})
    model, context = given(proto, tmp_path)
    outcome = quantize_static(model, QuantizeStatic(method="static"), context)
    assert any(f"({operator}) cuts off a part of another output" in note.text for note in outcome.notes)
    images = {"image": next(context.data.unreported.batches(8))}
    found, right = (
        ort.InferenceSession(one.path, providers=CPU).run(["hidden"], images)[0] for one in (outcome.onnx, model)
    )
    assert sqnr_db(found, right) > 20


def test_the_probabilities_of_every_output_stay_in_float(tmp_path):
    model, context = given(language_model(), tmp_path)
    made = quantize_static(model, QuantizeStatic(method="static"), context).onnx
    makers = {name: node.op_type for node in onnx.load(made.path).graph.node for name in node.output}
    assert [makers[name] for name in ("logits", "shares")] == ["Sigmoid", "Softmax"]
