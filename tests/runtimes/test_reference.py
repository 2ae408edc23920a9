"""What onnxruntime computes of a graph on the CPU where nothing is timed."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import LimitError, SourceError
from engine.runtimes.onnx_runtime import ORT_ERRORS, fold_constants, values_session

IMAGES = np.array([[-1.0, 2.0]], np.float32)


def graph(operator="Relu", outputs=("y",)):
    """(n, 2): x + (a + b), then the operator; the sum of the constants can be folded."""
    nodes = [
        helper.make_node("Add", ["a", "b"], ["ab"]),
        helper.make_node("Add", ["x", "ab"], ["z"]),
        helper.make_node(operator, ["z"], ["y"]),
    ]
    made = helper.make_graph(
        nodes,
        "values",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in outputs],
        [numpy_helper.from_array(np.full(2, 0.25, np.float32), name) for name in ("a", "b")],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize("optimised", [True, False])
def test_values_come_in_the_order_of_their_names(optimised, tmp_path):
    path = tmp_path / "values.onnx"
    onnx.save(graph(outputs=("y", "z")), path)
    for model in (path, path.read_bytes()):
        z, y = values_session(model, ["z", "y"], optimised=optimised, threads=1, log="fatal")(IMAGES)
        assert z.tolist() == [[-0.5, 2.5]]
        assert y.tolist() == [[0.0, 2.5]]


def test_what_is_no_graph_or_no_such_value_raises_onnxruntimes_own_errors():
    with pytest.raises(ORT_ERRORS):
        values_session(b"not a graph", ["y"], log="fatal")
    values = values_session(graph().SerializeToString(), ["z"], log="fatal")
    with pytest.raises(ORT_ERRORS):
        values(IMAGES)


def test_constants_are_folded_and_the_graph_stays_as_it_was():
    proto = graph()
    assert [node.op_type for node in fold_constants(proto).graph.node] == ["Add", "Relu"]
    assert len(proto.graph.node) == 3


def test_a_graph_that_does_not_load_is_refused_with_the_reason():
    with pytest.raises(SourceError, match=r"the operator NoSuchOperator, which onnxruntime does not know"):
        fold_constants(graph("NoSuchOperator"))


def test_nothing_is_written_on_a_disk_that_has_no_room(monkeypatch):
    monkeypatch.setattr("engine.store.home.free_bytes", lambda folder: 10)
    with pytest.raises(LimitError, match="reading this model"):
        fold_constants(graph())
