"""Learnt rounding of a static file: closer outputs from the same graph, on every form of layer."""

import time

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine.results import codes
from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.learnt import learn_rounding
from engine.techniques.quantize.sampling import form_of
from tests.techniques.given import again, classifier, given, outputs, weights

NEAREST = QuantizeStatic(method="static", per_channel=False)
"""One scale for all channels, of which some are much larger than others: the rounding of the small ones matters."""
LEARNT = NEAREST.model_copy(update={"rounding": "learnt"})
NODES = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4, "strides": [2, 2]}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"pads": [1] * 4, "group": 8}),
    ("Relu", ["c"], "d"),
    ("Conv", ["d", "w3", "b3"], "e", {"group": 2, "dilations": [2, 2], "pads": [0, 1, 2, 1]}),
    ("Transpose", ["e"], "f", {"perm": [0, 2, 3, 1]}),
    ("MatMul", ["f", "w4"], "g"),
    ("Relu", ["g"], "h"),
    ("ReduceMean", ["h", "axes"], "i", {"keepdims": 0}),
    ("Gemm", ["i", "w5", "b5"], "logits", {"transB": 1}),
]


def layered():
    """A strided, a depthwise and a grouped convolution, a product of a sequence and a Gemm."""
    rng = np.random.default_rng(3)
    shapes = {"w1": (8, 3, 3, 3), "w2": (8, 1, 3, 3), "w3": (8, 4, 3, 3), "w4": (8, 16), "w5": (4, 16)}
    constants = {
        name: (rng.standard_normal(shape) * rng.choice([0.02, 1.0], (shape[0], *[1] * (len(shape) - 1)))).astype(np.float32)
        for name, shape in shapes.items()
    }
    biases = {f"b{name[1]}": rng.standard_normal(shapes[name][0]).astype(np.float32) for name in shapes if name != "w4"}
    return classifier(NODES, constants | biases | {"axes": np.array([1, 2], np.int64)})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The float model, and its file with rounding to the nearest and with learnt rounding, with its notes."""
    model, context = given(layered(), tmp_path_factory.mktemp("learnt"))
    nearest = quantize_static(model, NEAREST, context)
    learnt = quantize_static(model, LEARNT, again(context, "again"))
    return model, nearest, learnt


def noise(path, model):
    return float(np.square(outputs(path, 200) - outputs(model.path, 200)).sum())


def test_the_outputs_are_closer_and_the_note_says_how_many_layers_were_learnt(made):
    model, nearest, learnt = made
    assert noise(learnt.onnx.path, model) < noise(nearest.onnx.path, model)
    (note,) = [note for note in learnt.notes if note.code == codes.ROUNDING_LEARNT]
    assert note.text.startswith("The rounding of 5 of 5 layers was learnt from FP32's outputs on ")
    assert learnt.complete


def test_the_graph_stays_and_only_integers_of_weights_and_biases_differ(made):
    _, nearest, learnt = made
    graphs = [onnx.load(one.onnx.path).graph for one in (nearest, learnt)]
    assert graphs[0].node == graphs[1].node
    stored = [{tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer} for graph in graphs]
    assert stored[0].keys() == stored[1].keys()
    changed = {name for name in stored[0] if not np.array_equal(stored[0][name], stored[1][name])}
    assert changed
    assert {stored[1][name].dtype.name for name in changed} <= {"int8", "int32"}
    assert all(np.abs(values.astype(int)).max() <= 127 for values in stored[1].values() if values.dtype == np.int8)


def test_the_same_file_comes_out_twice(made, tmp_path):
    _, _, learnt = made
    model, context = given(layered(), tmp_path)
    assert quantize_static(model, LEARNT, context).onnx.path.read_bytes() == learnt.onnx.path.read_bytes()


def test_at_the_deadline_what_is_left_is_rounded_to_the_nearest(tmp_path):
    model, context = given(layered(), tmp_path)
    late = quantize_static(model, LEARNT, again(context, "late", deadline=time.monotonic()))
    (note,) = [note for note in late.notes if note.code == codes.ROUNDING_NOT_LEARNT]
    assert note.text.endswith("the time was up")
    assert not late.complete
    nearest = quantize_static(model, NEAREST, context)
    assert onnx.load(late.onnx.path).graph == onnx.load(nearest.onnx.path).graph


def test_some_layers_are_learnt_where_the_time_is_up_on_the_way(made):
    model, nearest, _ = made
    proto, clock = onnx.load(nearest.onnx.path), iter([0.0, 0.0, 9.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.techniques.quantize.learnt.time.monotonic", lambda: next(clock))
        images = np.random.default_rng(0).standard_normal((8, 1, 3, 8, 8)).astype(np.float32)
        result = learn_rounding(
            proto, onnx.load(model.path), lambda: iter(images), 8, limit=127, deadline=5.0, on_layer=lambda *_: None
        )
    assert (result.n_learnt, result.n_layers) == (2, 5)


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (("Conv", ["x", "w"], "y", {"auto_pad": "SAME_UPPER"}), (4, 3, 3, 3)),
        (("Conv", ["x", "w"], "y", {}), (4, 3, 3)),
        (("Gemm", ["x", "w"], "y", {"transA": 1}), (4, 3)),
        (("Gemm", ["x", "w"], "y", {"alpha": 2.0}), (4, 3)),
        (("MatMul", ["x", "w"], "y", {}), (2, 4, 3)),
    ],
    ids=["auto_pad", "one dimension", "transA", "alpha", "stacked"],
)
def test_a_layer_of_another_form_is_left_alone(node, shape):
    assert form_of(classifier([node], {}).graph.node[0], weights(*shape)) is None
