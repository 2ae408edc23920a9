"""The nodes of a graph one by one, in graphs that can be counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.models.counts import count_macs
from engine.models.graph_nodes import graph_nodes
from tests.models.small import Shape, small_classifier


def nodes_of(model):
    return graph_nodes(model, (3, 8, 8))


def test_every_node_has_its_weights_its_multiply_adds_and_what_feeds_it():
    nodes = nodes_of(small_classifier())
    assert [(one.operator, one.output_shape, one.weight_bytes, one.macs) for one in nodes] == [
        ("Conv", (1, 4, 6, 6), 4 * 4 * 3 * 9, 36 * 4 * 27),
        ("GlobalAveragePool", (1, 4, 1, 1), 0, 0),
        ("Flatten", (1, 4), 0, 0),
        ("Gemm", (1, 5), 4 * (20 + 5), 20),
    ]
    assert [one.inputs for one in nodes] == [(), *((before.name,) for before in nodes[:-1])]


@pytest.mark.parametrize("batch", ["n", 1, 2])
def test_the_multiply_adds_of_all_nodes_are_those_of_one_image(batch):
    model = small_classifier(Shape(image=(batch, 3, 8, 8), logits=(batch, 5)))
    assert sum(one.macs for one in nodes_of(model)) == count_macs(model)


def test_a_constant_is_the_weight_of_what_reads_it_and_a_shared_one_counts_once():
    """a is a Constant node that two nodes read; what is computed from weights alone costs no image anything."""
    a = numpy_helper.from_array(np.ones((4, 4), np.float16), "")
    made = helper.make_graph(
        [
            helper.make_node("Constant", [], ["a"], value=a),
            helper.make_node("MatMul", ["a", "a"], ["aa"], name="weights alone"),
            helper.make_node("MatMul", ["x", "aa"], ["h"], name="first"),
            helper.make_node("MatMul", ["h", "a"], ["y"], name="second"),
        ],
        "shared",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT16, ("n", 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, ("n", 4))],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    nodes = graph_nodes(model)
    assert [(one.name, one.weight_bytes, one.macs) for one in nodes] == [
        ("weights alone", 32, 0),
        ("first", 0, 16),
        ("second", 0, 16),
    ]
    assert nodes[2].inputs == ("first",)


def test_where_a_shape_is_not_determined_the_multiply_adds_are_not_known():
    made = helper.make_graph(
        [
            helper.make_node("NonZero", ["x"], ["i"]),
            helper.make_node("Cast", ["i"], ["c"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["w", "c"], ["y"]),
        ],
        "unknown",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("a", "b"))],
        [numpy_helper.from_array(np.ones((3, 2), np.float32), "w")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    assert graph_nodes(model)[-1].macs is None
