"""Sessions with buffers on a device. The device is the CPU here; tests/gpu has the same on a card."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import RunError
from engine.runtimes import open_session
from engine.runtimes.onnx_runtime.bound import BoundSession
from engine.settings import Target
from tests.models.small import Shape, small_classifier

IMAGES = np.random.default_rng(0).standard_normal((2, 3, 8, 8), dtype=np.float32)
BOUND, CAPTURED = {"bound": True}, {"cuda_graph": True}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("bound") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), path)
    return path


def opened(path, options, names=("logits",)):
    """A session with these options, which a recipe cannot ask of the CPU."""
    return open_session(path, Target(threads=1).model_copy(update=options), output_names=list(names))


def logits(path, images):
    with open_session(path, Target(threads=1), output_names=["logits"]) as session:
        return session(images)["logits"]


@pytest.mark.parametrize("options", [BOUND, CAPTURED, BOUND | CAPTURED])
def test_answers_are_those_of_arrays_in_memory(path, options):
    with opened(path, options) as session:
        assert isinstance(session, BoundSession)
        np.testing.assert_array_equal(session(IMAGES)["logits"], logits(path, IMAGES))
        others = IMAGES[::-1].copy()
        np.testing.assert_array_equal(session(others)["logits"], logits(path, others))
    with pytest.raises(RunError, match="closed"):
        session(IMAGES)


@pytest.mark.parametrize(("options", "n_copies"), [(BOUND, 2), (CAPTURED, 4)])
def test_bound_inputs_are_copied_once_and_others_in_every_call(path, monkeypatch, options, n_copies):
    copies = []
    copy_in = BoundSession._copy_in
    monkeypatch.setattr(BoundSession, "_copy_in", lambda self, arrays: (copies.append(1), copy_in(self, arrays)))
    with opened(path, options) as session:
        for images in (IMAGES, IMAGES, IMAGES[::-1], IMAGES):
            session(images)
    assert len(copies) == n_copies + (options == BOUND)


def test_only_a_captured_graph_is_tied_to_its_shape(path):
    with opened(path, BOUND) as session:
        assert session(IMAGES)["logits"].shape == (2, 5)
        assert session(IMAGES[:1])["logits"].shape == (1, 5)
    with opened(path, CAPTURED) as session:
        session(IMAGES)
        with pytest.raises(RunError, match=r"captured for inputs of shapes image \(2, 3, 8, 8\), and takes no others"):
            session(IMAGES[:1])
        np.testing.assert_array_equal(session(IMAGES)["logits"], logits(path, IMAGES))


def test_a_length_that_only_the_values_tell_cannot_be_captured(tmp_path):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3])
    found = helper.make_tensor_value_info("found", TensorProto.INT64, [2, "n"])
    graph = helper.make_graph([helper.make_node("NonZero", ["image"], ["found"])], "g", [image], [found])
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "m.onnx")
    with opened(tmp_path / "m.onnx", BOUND, ["found"]) as session:
        assert session({"image": np.eye(3, dtype=np.float32)})["found"].tolist() == [[0, 1, 2], [0, 1, 2]]
    with (
        opened(tmp_path / "m.onnx", CAPTURED, ["found"]) as session,
        pytest.raises(RunError, match=r"cannot be captured .*axis 1 of its output 'found' is not known beforehand"),
    ):
        session({"image": np.eye(3, dtype=np.float32)})


def test_inputs_that_do_not_fit_are_refused_and_leave_the_session_usable(path):
    with opened(path, BOUND) as session:
        with pytest.raises(RunError, match=r"cannot run the model on an input of shape \(2, 4, 8, 8\)"):
            session(np.ones((2, 4, 8, 8), np.float32))
        np.testing.assert_array_equal(session(IMAGES)["logits"], logits(path, IMAGES))


def test_outputs_are_a_mapping_of_those_that_were_asked_for(path):
    with opened(path, BOUND) as session:
        outputs = session(IMAGES)
        assert (list(outputs), len(outputs)) == (["logits"], 1)
        with pytest.raises(KeyError):
            outputs["other"]
