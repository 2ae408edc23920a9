"""Raising to a later opset keeps the function, also where a default has changed since."""

import numpy as np
import onnx
import pytest

from engine.errors import StepError
from engine.settings import QuantizeWeights
from engine.techniques.quantize import fold, prepare, quantize_weights
from engine.techniques.quantize.raising import raise_opset
from tests.drawn_weights import weights
from tests.techniques.given import classifier, given, outputs

HEAD = [("Conv", ["x", "w", "b"], "c"), ("GlobalMaxPool", ["c"], "p"), ("Flatten", ["p"], "logits")]
LAYER = {"w": weights(4, 3, 3, 3), "b": weights(4)}


def resized(opset, operator, mode, scale):
    """A network whose largest value depends on where a Resize or an Upsample takes its pixels."""
    nodes = [(operator, ["image", "scales"], "x", {"mode": mode}), *HEAD]
    return classifier(nodes, {**LAYER, "scales": np.array([1, 1, scale, scale], np.float32)}, opset=opset)


def later(opset, nodes, constants):
    return classifier([*nodes, *HEAD], {**LAYER, **constants}, opset=opset)


OLD = {
    "upsample linear": resized(9, "Upsample", "linear", 3),
    "upsample nearest": resized(9, "Upsample", "nearest", 1.3),
    "resize linear": resized(10, "Resize", "linear", 3),
    "resize nearest": resized(10, "Resize", "nearest", 1.3),
    "resize smaller": resized(10, "Resize", "nearest", 0.7),
    "upsample attribute": later(8, [("Upsample", ["image"], "x", {"mode": "linear", "scales": [1.0, 1.0, 3, 3]})], {}),
    "softmax": later(11, [("Softmax", ["image"], "x", {"axis": 1})], {}),
    "softmax by default": later(12, [("LogSoftmax", ["image"], "x")], {}),
    "clip": later(10, [("Clip", ["image"], "x", {"min": -0.3, "max": 0.4})], {}),
    "pad": later(10, [("Pad", ["image"], "x", {"pads": [0, 0, 1, 2, 0, 0, 1, 0], "value": 0.7})], {}),
    "squeeze": later(11, [("Unsqueeze", ["image"], "u", {"axes": [1]}), ("Squeeze", ["u"], "x", {"axes": [1]})], {}),
    "pool": later(9, [("AveragePool", ["image"], "x", {"kernel_shape": [3, 3], "pads": [1] * 4})], {}),
}


@pytest.mark.parametrize("proto", OLD.values(), ids=OLD.keys())
def test_a_raised_graph_gives_the_same_outputs(proto, tmp_path):
    model, context = given(proto, tmp_path)
    folded = fold(model, tmp_path, context.data.unreported)
    assert onnx.load(folded).opset_import[0].version >= 13
    assert outputs(folded) == pytest.approx(outputs(model.path), abs=1e-4)


def test_a_rewrite_that_changes_the_function_is_a_failure_of_the_step_and_not_a_loss(tmp_path, monkeypatch):
    def raised_wrongly(proto, opset):
        raised = raise_opset(proto, opset)
        node = next(node for node in raised.graph.node if node.op_type == "Resize")
        del node.attribute[:]
        return raised

    model, context = given(resized(10, "Resize", "nearest", 1.3), tmp_path)
    monkeypatch.setattr(prepare, "raise_opset", raised_wrongly)
    with pytest.raises(StepError, match="changes its outputs by"):
        quantize_weights(model, QuantizeWeights(method="weights"), context)
    assert not list(context.folder.iterdir())
