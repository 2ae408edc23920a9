"""Models that do not run are found by one call each, before any is timed."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.measure.trial_call import trial_calls
from engine.models.graph import read_onnx
from engine.settings import Target
from tests.models.small import Shape, small_classifier

IMAGES = np.zeros((2, 3, 32, 32), dtype=np.float32)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 32, 32))), path)
    return read_onnx(path)


def demanding(path):
    """Makes the file ask for a second input, which nobody feeds."""
    proto = onnx.load(path)
    proto.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch"]))
    proto.graph.node.append(helper.make_node("Identity", ["mask"], ["unused"]))
    proto.graph.output.append(helper.make_tensor_value_info("unused", TensorProto.FLOAT, ["batch"]))
    onnx.save(proto, path)


def test_what_runs_has_no_error(model):
    assert trial_calls({"a": model}, Target(threads=1, batch_size=2), IMAGES) == {}


def test_each_that_does_not_run_has_the_reason_of_its_own(model, tmp_path):
    paths = {name: tmp_path / f"{name}.onnx" for name in ("good", "demanding", "broken")}
    models = {}
    for name, path in paths.items():
        path.write_bytes(model.path.read_bytes())
        models[name] = read_onnx(path)
    demanding(paths["demanding"])
    paths["broken"].write_bytes(b"no ONNX")
    errors = trial_calls(models, Target(threads=1, batch_size=2), IMAGES)
    assert set(errors) == {"demanding", "broken"}
    assert "mask" in errors["demanding"].message
    assert "cannot load" in errors["broken"].message
