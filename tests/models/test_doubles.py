"""Graphs in 64-bit floats as graphs in 32 bits, with the inputs and outputs that they had."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from engine.models.doubles import to_single
from engine.models.onnx_source import load_file
from engine.runtimes import open_session
from engine.settings import FileModel, Target
from tests.drawn_weights import weights
from tests.techniques.given import classifier

CONV = [("Conv", ["image", "w"], "x"), ("GlobalAveragePool", ["x"], "p"), ("Flatten", ["p"], "logits")]
MATMUL = [("Flatten", ["image"], "f"), ("MatMul", ["f", "w"], "logits")]


def test_numbers_beyond_32_bits_become_the_largest_and_a_mask_stays_infinite():
    low = np.array([-1e300, -np.inf])
    proto = classifier([("Add", ["image", "low"], "logits")], {"low": low}, kind=TensorProto.DOUBLE)
    assert to_single(proto)
    (values,) = (numpy_helper.to_array(tensor) for tensor in proto.graph.initializer)
    assert values.dtype == np.float32
    assert list(values) == [np.finfo(np.float32).min, -np.inf]


def test_a_graph_in_32_bits_is_left_alone():
    proto = classifier(MATMUL, {"w": weights(192, 4)})
    before = proto.SerializeToString()
    assert not to_single(proto)
    assert proto.SerializeToString() == before


def read(proto, tmp_path):
    onnx.save(proto, tmp_path / "model.onnx")
    (tmp_path / "work").mkdir()
    return load_file(FileModel(path=str(tmp_path / "model.onnx")), None, tmp_path / "work")


def rewritten(model):
    return [note.text for note in model.warnings if note.code == "rewritten"]


def test_what_onnxruntime_has_in_32_bits_alone_is_read_in_these_and_said(tmp_path):
    """It has no 64-bit Conv."""
    kernel = weights(4, 3, 8, 8).astype(np.float64)
    model = read(classifier(CONV, {"w": kernel}, kind=TensorProto.DOUBLE), tmp_path)
    assert any("its 64-bit floats are 32-bit ones" in text for text in rewritten(model))
    images = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    with open_session(model.path, Target(threads=1), output_names=["logits"]) as session:
        logits = session(images)["logits"]
    assert np.allclose(logits, np.einsum("nchw,kchw->nk", images, kernel), atol=1e-3)
    assert model.input_kind == "float64"


def test_what_it_has_in_64_bits_is_read_as_it_is(tmp_path):
    model = read(classifier(MATMUL, {"w": weights(192, 4).astype(np.float64)}, kind=TensorProto.DOUBLE), tmp_path)
    assert not rewritten(model)
