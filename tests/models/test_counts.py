"""Multiply-adds, parameters and operators of graphs that can be counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.models.counts import count_macs, count_parameters, operators


def graph(nodes, image, output, weights):
    made = helper.make_graph(
        nodes,
        "counted",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def ones(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(("node", "weight", "image", "output", "macs"), [
    (helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4), ones(8, 4, 3, 3), ("n", 4, 6, 6), ("n", 8, 6, 6),
     6 * 6 * 8 * 4 * 9),
    (helper.make_node("Conv", ["x", "w"], ["y"], group=4, strides=[2, 2]), ones(4, 1, 2, 2), ("n", 4, 6, 6),
     ("n", 4, 3, 3), 3 * 3 * 4 * 4),
    (helper.make_node("Conv", ["x", "w"], ["y"], group=2), ones(6, 2, 1, 1), ("n", 4, 5, 5), ("n", 6, 5, 5),
     5 * 5 * 6 * 2),
    (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), ones(7, 5), ("n", 5), ("n", 7), 35),
    (helper.make_node("MatMul", ["x", "w"], ["y"]), ones(5, 7), ("n", 3, 5), ("n", 3, 7), 3 * 5 * 7),
])  # fmt: skip
def test_macs_of_one_operator(node, weight, image, output, macs):
    model = graph([node], image, output, {"w": weight})
    assert count_macs(model) == macs
    assert count_parameters(model) == weight.size
    assert operators(model) == {node.op_type: 1}


def test_a_product_of_two_activations_counts():
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), helper.make_node("MatMul", ["x", "t"], ["y"])]
    assert count_macs(graph(nodes, ("n", 4, 6), ("n", 4, 4), {})) == 4 * 4 * 6


def test_what_hangs_on_weights_alone_does_not_count():
    nodes = [helper.make_node("MatMul", ["a", "b"], ["ab"]), helper.make_node("MatMul", ["x", "ab"], ["y"])]
    model = graph(nodes, ("n", 5), ("n", 7), {"a": ones(5, 9), "b": ones(9, 7)})
    assert count_macs(model) == 5 * 7


@pytest.mark.parametrize("operator", ["QuickGelu", "Gelu", "FastGelu", "Relu"])
def test_macs_behind_an_activation_of_onnxruntimes_own_count(operator):
    domain = "" if operator == "Relu" else "com.microsoft"
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["b"]),
        helper.make_node(operator, ["b"], ["c"], domain=domain),
        helper.make_node("MatMul", ["c", "d"], ["y"]),
    ]
    model = graph(nodes, ("n", 5), ("n", 7), {"a": ones(5, 9), "d": ones(9, 7)})
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert count_macs(model) == 5 * 9 + 9 * 7
    assert sum(name.endswith(operator) for name in operators(model)) == 1


def test_a_size_that_the_graph_leaves_open_is_settled():
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    model = graph([node], ("n", 3, "h", "w"), ("n", 2, "h", "w"), {"w": ones(2, 3, 1, 1)})
    assert count_macs(model, (3, 10, 20)) == 10 * 20 * 2 * 3


@pytest.mark.parametrize("batch", [-1, 0])
def test_a_free_batch_may_be_written_as_a_number(batch):
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    model = graph([node], (batch, 3, -1, -1), (batch, 2, -1, -1), {"w": ones(2, 3, 1, 1)})
    assert count_macs(model, (3, 10, 20)) == 10 * 20 * 2 * 3


def test_weights_in_constant_nodes_count():
    constants = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(ones(5, 7))),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([-1, 5]))),
        helper.make_node("Constant", [], ["half"], value_float=0.5),
    ]
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["flat"]),
        helper.make_node("Mul", ["flat", "half"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "w"], ["y"]),
    ]
    model = graph([*constants, *nodes], ("n", 5), ("n", 7), {})
    assert count_parameters(model) == 5 * 7
    assert count_macs(model) == 5 * 7


def test_macs_hidden_in_another_operator_are_not_guessed():
    node = helper.make_node("Einsum", ["x", "w"], ["y"], equation="nc,cd->nd")
    assert count_macs(graph([node], ("n", 5), ("n", 7), {"w": ones(5, 7)})) is None


def test_scalars_shapes_scales_and_zero_points_are_no_parameters():
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["flat"]),
        helper.make_node("Mul", ["flat", "two"], ["twice"]),
        helper.make_node("MatMul", ["twice", "w"], ["y"]),
    ]
    weights = {
        "q": np.ones((4, 3), np.int8),
        "scale": ones(4),
        "zero": np.zeros(4, np.int8),
        "shape": np.array([-1, 4]),
        "two": np.float32(2),
    }
    model = graph(nodes, ("n", 2, 2), ("n", 3), weights)
    assert count_parameters(model) == 12
    assert count_macs(model) == 12


def test_operators_of_other_domains_are_told_apart():
    model = onnx.ModelProto()
    model.graph.node.extend(
        [
            helper.make_node("Gelu", [], [], domain="com.microsoft"),
            helper.make_node("Relu", [], []),
            helper.make_node("Relu", [], []),
        ]
    )
    assert list(operators(model).items()) == [("Relu", 2), ("com.microsoft.Gelu", 1)]
