"""What is read from a graph to tell which techniques apply."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.models.graph import read_onnx
from engine.models.traits import graph_traits, traits_of
from engine.results import ModelTraits
from engine.techniques.simplify.graph import simplified
from tests.models.small import Shape, small_classifier


def test_a_plain_file(saved):
    model = read_onnx(saved(small_classifier(Shape(image=(2, 3, 8, 8), logits=(2, 5)))))
    assert traits_of(model) == ModelTraits(format="onnx", weighted_layers=("Conv", "Gemm"), fixed_batch=2)


def test_weights_that_are_computed_from_constants_count():
    """They are folded before anything is quantized."""
    proto = small_classifier(extra_nodes=())
    gemm = proto.graph.node[-1]
    turn = helper.make_node("Identity", ["fc.weight"], ["turned"])
    gemm.input[1] = "turned"
    proto.graph.node.insert(0, turn)
    assert graph_traits(proto).weighted_layers == ("Conv", "Gemm")


def test_products_of_activations_are_no_layers_with_weights():
    nodes = [helper.make_node("MatMul", ["logits", "logits"], ["product"])]
    assert graph_traits(small_classifier(extra_nodes=nodes)).weighted_layers == ("Conv", "Gemm")


@pytest.mark.parametrize("operator", ["If", "Loop"])
def test_control_flow_is_named(operator):
    nodes = [helper.make_node(operator, ["logits"], ["more"])]
    assert graph_traits(small_classifier(extra_nodes=nodes)).control_flow == (operator,)


def with_branch(*condition):
    """A classifier with an If on its scores, and what computes its condition."""
    graphs = {}
    for branch, operator in (("then_branch", "Neg"), ("else_branch", "Abs")):
        result = helper.make_tensor_value_info(branch, TensorProto.FLOAT, None)
        graphs[branch] = helper.make_graph([helper.make_node(operator, ["logits"], [branch])], branch, [], [result])
    nodes = [*condition, helper.make_node("If", ["which"], ["scores"], **graphs)]
    proto = small_classifier(extra_nodes=nodes)
    proto.graph.output[0].name = "scores"
    return proto


CONSTANT = [
    helper.make_node("Constant", [], ["one"], value_float=1.0),
    helper.make_node("Greater", ["one", "one"], ["which"]),
]
COMPUTED = [
    helper.make_node("ReduceSum", ["logits"], ["sum"], keepdims=0),
    helper.make_node("Cast", ["sum"], ["which"], to=TensorProto.BOOL),
]


@pytest.mark.parametrize(("condition", "is_fixed"), [(CONSTANT, True), (COMPUTED, False)], ids=["constant", "computed"])
def test_a_branch_that_is_always_the_same_is_told_and_simplifying_removes_it(condition, is_fixed):
    proto = with_branch(*condition)
    assert graph_traits(proto).has_fixed_path is is_fixed
    after, _ = simplified(proto)
    assert bool(graph_traits(after).control_flow) is not is_fixed


def test_the_format_of_the_weights():
    proto = small_classifier()
    weight = numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float16), "half")
    proto.graph.initializer.append(weight)
    assert graph_traits(proto).number_format == "FP16"
    proto.graph.node.append(onnx.helper.make_node("QuantizeLinear", ["logits", "s"], ["q"]))
    assert graph_traits(proto).number_format == "INT8"
    assert graph_traits(small_classifier(Shape(kind=TensorProto.FLOAT))).number_format == "FP32"
