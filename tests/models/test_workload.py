"""What a graph computes and moves, by operation and data type."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.models.workload import count_workload
from engine.results.machine import Share

IMAGE = (1, 4, 8, 8)


def model(nodes, weights, outputs, *, kind=TensorProto.FLOAT, shape=IMAGE, values=()):
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def floats(*shape, kind=np.float32):
    return np.ones(shape, kind)


def network(kind=np.float32, onnx_kind=TensorProto.FLOAT, shape=IMAGE):
    """A dense 1x1 and a depthwise 3x3 convolution, a ReLU between them, and a product at the end."""
    nodes = [
        helper.make_node("Conv", ["x", "dense"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "own"], ["c"], group=6, pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["e"]),
        helper.make_node("MatMul", ["e", "head"], ["y"]),
    ]
    weights = {
        "dense": floats(6, 4, 1, 1, kind=kind),
        "own": floats(6, 1, 3, 3, kind=kind),
        "head": floats(6, 10, kind=kind),
    }
    return model(nodes, weights, ["y"], kind=onnx_kind, shape=shape)


def test_operations_are_counted_by_kind_two_a_multiply_add():
    counted = count_workload(network(), None, "f32")
    assert set(counted.shares) == {
        Share(operation="conv", data_type="f32", operations=2 * 6 * 64 * 4),
        Share(operation="depthwise", data_type="f32", operations=2 * 6 * 64 * 9),
        Share(operation="gemm", data_type="f32", operations=2 * 60),
    }
    assert counted.n_nodes == 6


def test_a_convolution_over_groups_of_channels_is_a_dense_one():
    grouped = model([helper.make_node("Conv", ["x", "w"], ["y"], group=2)], {"w": floats(6, 2, 1, 1)}, ["y"])
    (share,) = count_workload(grouped, None, "f32").shares
    assert share == Share(operation="conv", data_type="f32", operations=2 * 6 * 64 * 2)


def test_bytes_are_those_of_weights_input_and_what_goes_from_layer_to_layer():
    counted = count_workload(network(), None, "f32")
    assert counted.weight_bytes == 4 * (24 + 54 + 60)
    assert counted.activation_bytes == 4 * (256 + 2 * (384 + 384 + 6 + 10))


def test_a_runtime_that_computes_in_16_bits_moves_half_and_the_weights_are_those_of_the_file():
    exact, short = (count_workload(network(), None, precision) for precision in ("f32", "bf16"))
    assert {share.data_type for share in short.shares} == {"bf16"}
    assert short.activation_bytes == exact.activation_bytes / 2
    assert short.weight_bytes == exact.weight_bytes


def test_a_file_in_16_bits_is_counted_as_such():
    counted = count_workload(network(np.float16, TensorProto.FLOAT16), None, "f32")
    assert {share.data_type for share in counted.shares} == {"f16"}
    assert counted.weight_bytes == 2 * (24 + 54 + 60)


@pytest.mark.parametrize("kind", [(np.float32, TensorProto.FLOAT), (np.float16, TensorProto.FLOAT16)])
def test_a_runtime_with_one_precision_computes_16_bit_floats_in_it_too(kind):
    counted = count_workload(network(*kind), None, "bf16", of_all_floats=True)
    assert {share.data_type for share in counted.shares} == {"bf16"}
    assert counted.activation_bytes == count_workload(network(), None, "bf16").activation_bytes


def test_a_dynamic_batch_is_one_example_and_a_fixed_one_is_divided():
    one, four = (count_workload(network(shape=(batch, 4, 8, 8)), None, "f32") for batch in ("n", 4))
    assert one.shares == four.shares == count_workload(network(), None, "f32").shares
    assert one.activation_bytes == four.activation_bytes


def qdq():
    """A QDQ convolution with a ReLU before its output is quantized, and a float one after it."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "scale", "zero"], ["xd"]),
        helper.make_node("DequantizeLinear", ["weight", "scale"], ["wd"]),
        helper.make_node("Conv", ["xd", "wd"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("QuantizeLinear", ["b", "scale", "zero"], ["bq"]),
        helper.make_node("DequantizeLinear", ["bq", "scale", "zero"], ["bd"]),
        helper.make_node("Conv", ["bd", "floats"], ["y"]),
    ]
    weights = {
        "scale": np.float32(0.1),
        "zero": np.uint8(0),
        "weight": np.ones((6, 4, 1, 1), np.int8),
        "floats": floats(2, 6, 1, 1),
    }
    return model(nodes, weights, ["y"])


def test_an_operator_between_8_bit_values_is_int8_and_what_it_writes_takes_a_byte():
    counted = count_workload(qdq(), None, "f32")
    assert {(share.data_type, share.operations) for share in counted.shares} == {
        ("int8", 2 * 6 * 64 * 4),
        ("f32", 2 * 2 * 64 * 6),
    }
    assert counted.activation_bytes == 256 + 2 * (384 + 4 * 128)
    assert counted.weight_bytes == 24 + 4 * 12 + 4 + 1


@pytest.mark.parametrize("operator", ["LSTM", "MatMulNBits"])
def test_a_graph_that_may_hide_multiply_adds_has_no_operations(operator):
    domain = "com.microsoft" if operator == "MatMulNBits" else ""
    hidden = model([helper.make_node(operator, ["x", "w"], ["y"], domain=domain)], {"w": floats(4, 4)}, ["y"])
    assert count_workload(hidden, None, "f32").shares == ()


def test_open_shapes_leave_operations_and_bytes_open():
    free = model(
        [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": floats(6, 4, 1, 1)}, ["y"], shape=(1, 4, "h", "w")
    )
    counted = count_workload(free, None, "f32")
    assert (counted.shares, counted.activation_bytes) == ((), None)
    known = count_workload(free, (4, 8, 8), "f32")
    assert known.shares[0].operations == 2 * 6 * 64 * 4
    assert known.activation_bytes == 4 * (256 + 2 * 384)


def test_counting_leaves_the_model_as_it_is():
    before = qdq()
    content = before.SerializeToString()
    count_workload(before, None, "f32")
    assert before.SerializeToString() == content
