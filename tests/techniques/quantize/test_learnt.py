"""Learnt rounding of a static file: closer outputs from the same graph, on every form of layer."""

import math
import time
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine.results import codes
from engine.runtimes.onnx_runtime import values_session
from engine.settings import QuantizeStatic
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.learnt import learn_rounding
from engine.techniques.quantize.sampling import form_of
from tests.drawn_weights import weights
from tests.techniques.given import again, classifier, given

NEAREST = QuantizeStatic(method="static")
COARSER = 16
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
    constants = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    biases = {f"b{name[1]}": rng.standard_normal(shapes[name][0]).astype(np.float32) for name in shapes if name != "w4"}
    return classifier(NODES, constants | biases | {"axes": np.array([1, 2], np.int64)})


@pytest.fixture(scope="module")
def coarse(tmp_path_factory):
    """The float model, and its static file with weights of 4 bits, before and after it was learnt."""
    model, context = given(layered(), tmp_path_factory.mktemp("learnt"))
    nearest = onnx.load(quantize_static(model, NEAREST, context).onnx.path)
    _coarsen(nearest)
    learnt, counts = learnt_from(nearest, model, _smooth(0, 80)[:, None])
    assert (counts.n_learnt, counts.n_layers) == (5, 5)
    paths = [context.folder / "nearest.onnx", context.folder / "learnt.onnx"]
    for proto, path in zip((nearest, learnt), paths, strict=True):
        onnx.save(proto, path)
    return model, *paths


def learnt_from(nearest, model, calls):
    """The file with rounding learnt from these calls, (calls, images, channels, height, width), and what was learnt."""
    learnt = onnx.ModelProto()
    learnt.CopyFrom(nearest)
    folded = onnx.load(model.path)
    counts = learn_rounding(
        learnt, folded, lambda: iter(calls), len(calls), limit=7, deadline=math.inf, on_layer=lambda *_: None
    )
    return learnt, counts


def _coarsen(proto):
    """Weights with a sixteenth of their levels, where rounding is most of the error, and biases that go with them."""
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            integers, scale = (stored[name] for name in node.input[:2])
            values = numpy_helper.to_array(integers)
            coarse_values = np.rint(values / COARSER).astype(values.dtype)
            integers.CopyFrom(numpy_helper.from_array(coarse_values, integers.name))
            scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * np.float32(COARSER), scale.name))


def _smooth(seed, n):
    """(n, 3, 8, 8): images whose neighbouring pixels are alike, as in photographs."""
    rng = np.random.default_rng(seed)
    coarse_pixels = rng.standard_normal((n, 3, 2, 2)).repeat(4, axis=2).repeat(4, axis=3)
    return (coarse_pixels + 0.2 * rng.standard_normal((n, 3, 8, 8))).astype(np.float32)


def noise(path, model):
    """The squared error beside FP32, on images that nothing was learnt from."""
    images = _smooth(1, 200)
    logits, reference = (values_session(one, ["logits"])(images)[0] for one in (path, model.path))
    return float(np.square(logits - reference).sum())


def test_the_outputs_are_closer(coarse):
    model, nearest, learnt = coarse
    assert noise(learnt, model) < 0.5 * noise(nearest, model)


def test_images_of_few_large_calls_teach_as_well(coarse, tmp_path):
    """Of two calls, images are held back and not calls: else nothing would judge what was learnt."""
    model, nearest, _ = coarse
    learnt, _ = learnt_from(onnx.load(nearest), model, _smooth(0, 80).reshape(2, 40, 3, 8, 8))
    onnx.save(learnt, tmp_path / "learnt.onnx")
    assert noise(tmp_path / "learnt.onnx", model) < 0.5 * noise(nearest, model)


def test_nothing_is_learnt_from_images_none_of_which_can_be_held_back(coarse):
    model, nearest, _ = coarse
    learnt, counts = learnt_from(onnx.load(nearest), model, _smooth(0, 3)[:, None])
    assert (counts.n_learnt, counts.n_layers) == (0, 5)
    assert learnt.graph == onnx.load(nearest).graph


def test_the_graph_stays_and_only_integers_of_weights_and_biases_differ(coarse):
    _, *paths = coarse
    graphs = [onnx.load(path).graph for path in paths]
    assert graphs[0].node == graphs[1].node
    stored = [{tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer} for graph in graphs]
    assert stored[0].keys() == stored[1].keys()
    changed = {name for name in stored[0] if not np.array_equal(stored[0][name], stored[1][name])}
    assert {stored[1][name].dtype.name for name in changed} == {"int8", "int32"}
    assert all(np.abs(stored[1][name]).max() <= 7 for name in changed if stored[1][name].dtype == np.int8)


@pytest.mark.parametrize("closer", [True, False])
def test_held_back_images_decide_whether_learnt_rounding_stays(tmp_path, monkeypatch, closer):
    figures = iter([1.0, 2.0 if closer else 0.5])
    monkeypatch.setattr("engine.techniques.quantize.static.sqnr_db", lambda *_: next(figures))
    model, context = given(layered(), tmp_path)
    settings = LEARNT.model_copy(update={"bias_correction": False})
    outcome = quantize_static(model, settings, context)
    (note,) = [note for note in outcome.notes if note.code in (codes.ROUNDING_LEARNT, codes.ROUNDING_NOT_LEARNT)]
    if closer:
        assert note.text.startswith(
            "The rounding of 5 of 5 layers was learnt from FP32's outputs on 24 calibration ima"
        )
        assert note.text.endswith("1.0 dB became 2.0 dB on 8 held-back images")
    else:
        assert note.text == "Learnt rounding did not help on 8 held-back images and was left out"
    assert list(context.folder.iterdir()) == [outcome.onnx.path]
    assert outcome.complete


def test_without_held_back_images_it_stays_and_the_same_file_comes_out_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.techniques.quantize.static.JUDGES", 0)
    model, context = given(layered(), tmp_path)
    made = [quantize_static(model, LEARNT, again(context, name)) for name in ("one", "two")]
    assert made[0].onnx.path.read_bytes() == made[1].onnx.path.read_bytes()
    assert [note.code for note in made[0].notes].count(codes.ROUNDING_LEARNT) == 1


def test_too_few_images_to_learn_from_are_named(tmp_path):
    model, context = given(layered(), tmp_path)
    three = context.data.split("calibration").span(0, 3)
    few = replace(context.data, parts={**context.data.parts, "calibration": three})
    made = quantize_static(model, LEARNT, again(context, "few", data=few))
    (note,) = [note for note in made.notes if note.code == codes.ROUNDING_NOT_LEARNT]
    assert note.text.endswith("was not learnt: that takes 4 images at the least, and there are 3")


def test_at_the_deadline_what_is_left_is_rounded_to_the_nearest(tmp_path):
    model, context = given(layered(), tmp_path)
    late = quantize_static(model, LEARNT, again(context, "late", deadline=time.monotonic()))
    (note,) = [note for note in late.notes if note.code == codes.ROUNDING_NOT_LEARNT]
    assert note.text.endswith("the time was up")
    assert not late.complete
    nearest = quantize_static(model, NEAREST, context)
    assert onnx.load(late.onnx.path).graph == onnx.load(nearest.onnx.path).graph


def test_some_layers_are_learnt_where_the_time_is_up_on_the_way(coarse):
    model, nearest, _ = coarse
    proto, clock = onnx.load(nearest), iter([0.0, 0.0, 9.0])
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
