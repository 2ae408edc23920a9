"""Graphs in 64-bit floats are quantized by way of 32 bits, and keep the types of their input and output."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from engine.measure.quality import sqnr_db
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights
from engine.techniques.quantize import quantize_dynamic, quantize_static, quantize_weights
from tests.drawn_weights import weights
from tests.techniques.given import classifier, given, operators, outputs

NODES = [
    ("Flatten", ["image"], "a"),
    ("MatMul", ["a", "w1"], "b"),
    ("Constant", [], "two", {"value": numpy_helper.from_array(np.array(2.0))}),
    ("Mul", ["b", "two"], "c"),
    ("Relu", ["c"], "d"),
    ("Gemm", ["d", "w2", "b2"], "logits"),
]
METHODS = [
    (quantize_static, QuantizeStatic(method="static"), "DequantizeLinear"),
    (quantize_dynamic, QuantizeDynamic(method="dynamic"), "MatMulInteger"),
    (quantize_weights, QuantizeWeights(method="weights"), "MatMulNBits"),
]


def double():
    shapes = {"w1": (192, 64), "w2": (64, 32), "b2": (32,)}
    return classifier(
        NODES,
        {name: weights(*shape).astype(np.float64) for name, shape in shapes.items()},
        kind=TensorProto.DOUBLE,
        n_classes=32,
    )


@pytest.mark.parametrize(("technique", "settings", "operator"), METHODS, ids=["static", "dynamic", "weights"])
def test_a_double_graph_is_quantized_and_takes_and_gives_doubles_as_before(technique, settings, operator, tmp_path):
    model, context = given(double(), tmp_path)
    made = technique(model, settings, context).onnx
    assert operator in operators(made.path)
    graph = onnx.load(made.path).graph
    kinds = {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)}
    assert kinds == {TensorProto.DOUBLE}
    assert sqnr_db(outputs(made.path, kind=np.float64), outputs(model.path, kind=np.float64)) > 20
