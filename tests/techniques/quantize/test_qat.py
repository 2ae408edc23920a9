"""Quantization-aware training: the static file's graph, what training wins back, and what it refuses."""

import math
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from engine import data as images
from engine.errors import StepError
from engine.measure.predictions import predict
from engine.models.graph import read_onnx
from engine.settings import Finetune, Preprocess, Qat, QuantizeStatic, SampleData, Split, Target
from engine.techniques.quantize import quantize_static
from engine.techniques.quantize.qat import qat
from engine.techniques.quantize.qat.network import Network
from engine.training.context import TrainingContext
from engine.training.loop import fit
from engine.training.objectives import Labels
from tests.drawn_weights import weights
from tests.made_contexts import isa_or, made_context
from tests.techniques.given import classifier, named

QUICK = Qat(epochs=6, batch_size=16, calibration_images=32)
STATIC = QuantizeStatic(method="static", bias_correction=False, calibration_images=32)
KEPT = {"train": 384, "calibration": 64, "evaluation": 256, "holdout": 0}
SMALL = Preprocess(size=(16, 16), mean=(0.5,), std=(0.5,), interpolation="bilinear")
UNEVEN = 200.0
LAYERS = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Conv", ["b", "w2", "b2"], "c", {"strides": [2, 2], "pads": [1] * 4}),
    ("Relu", ["c"], "d"),
    ("Conv", ["d", "w3", "b3"], "e", {"strides": [2, 2], "pads": [1] * 4}),
    ("Relu", ["e"], "f"),
    ("GlobalAveragePool", ["f"], "g"),
    ("Flatten", ["g"], "h"),
    ("Gemm", ["h", "w4", "b4"], "logits"),
]


@pytest.fixture(scope="module")
def data():
    found = images.load(SampleData(), Split(), SMALL, 0, merge_train=False, n_outputs=10)
    return replace(found, parts={name: part.span(0, KEPT[name]) for name, part in found.parts.items()})


@pytest.fixture(scope="module")
def uneven(data, tmp_path_factory):
    """A network that knows digits, its channels of very different ranges, as depthwise networks have: INT8 ruins it."""
    folder = tmp_path_factory.mktemp("uneven")
    shapes = {"w1": (16, 1, 3, 3), "w2": (24, 16, 3, 3), "w3": (32, 24, 3, 3), "w4": (32, 10)}
    values = {name: weights(*shape) * (2 / np.prod(shape[1:])) ** 0.5 for name, shape in shapes.items()}
    values |= {f"b{name[1]}": np.zeros(value.shape[0 if value.ndim == 4 else 1]) for name, value in values.items()}
    proto = small_graph(values)
    network, train = Network(proto, {}), data.split("train")
    fit(
        network,
        train.cached(folder).array,
        Labels(train.labels, 0.0),
        SMALL,
        Finetune(epochs=15, batch_size=16, learning_rate=2e-2, arithmetic="float32"),
        seed=0,
        deadline=math.inf,
        on_epoch=lambda point: None,
    )
    learnt = {name: network.value(name).detach().numpy() for name in values}
    path = folder / "uneven.onnx"
    onnx.save(small_graph(stretched(stretched(learnt, 1), 2)), path)
    return read_onnx(path, SMALL)


def small_graph(values):
    graph = helper.make_graph(
        [named(*layer) for layer in LAYERS],
        "small",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["batch", 1, 16, 16])],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def stretched(values, layer):
    """Every fourth channel after a convolution larger, and what the next one makes of it smaller: the same outputs."""
    weight, bias, after = f"w{layer}", f"b{layer}", f"w{layer + 1}"
    factors = np.where(np.arange(len(values[weight])) % 4 == 0, UNEVEN, 1.0)
    larger = {weight: values[weight] * factors.reshape(-1, 1, 1, 1), bias: values[bias] * factors}
    return values | larger | {after: values[after] / factors.reshape(1, -1, 1, 1)}


def context(data, folder, **changes):
    folder.mkdir()
    return made_context(TrainingContext, data, folder, isa=isa_or(("avx512_vnni",)), **changes)


def top1(model, data):
    part = data.split("evaluation")
    return float((predict(model, part, Target(threads=1)).logits.argmax(1) == part.labels).mean())


def structure(path):
    """All of a graph but the values of its initializers."""
    graph = onnx.load(path).graph
    return list(graph.node), [(tensor.name, tensor.data_type, tuple(tensor.dims)) for tensor in graph.initializer]


def test_it_wins_back_what_static_quantization_lost_in_the_same_graph(data, uneven, tmp_path):
    static = quantize_static(uneven, STATIC, context(data, tmp_path / "static")).model
    made = qat(uneven, QUICK, context(data, tmp_path / "qat"))
    lost = top1(uneven, data) - top1(static, data)
    assert lost > 0.1
    assert top1(made.model, data) > top1(static, data) + lost / 2
    assert structure(made.model.path) == structure(static.path)
    assert {"quantization_scheme", "calibration", "teacher", "best_epoch", "qat_gain"} <= {
        note.code for note in made.notes
    }


def test_it_learns_from_the_models_answers_where_there_are_no_labels(data, uneven, tmp_path):
    bare = replace(data, parts={name: replace(part, labels=None) for name, part in data.parts.items()}, classes=None)
    static = quantize_static(uneven, STATIC, context(bare, tmp_path / "static")).model
    made = qat(uneven, QUICK, context(bare, tmp_path / "qat"))
    assert top1(made.model, data) > top1(static, data)
    assert any("labels had no part in it" in note.text for note in made.notes)
    assert any("answered as FP32 does" in note.text for note in made.notes)


def test_it_says_that_the_time_ran_out(data, uneven, tmp_path):
    made = qat(uneven, QUICK, context(data, tmp_path / "late", deadline=0.0))
    assert not made.complete
    assert "training_stopped_by_budget" in {note.code for note in made.notes}


def test_what_is_quantized_already_is_refused(data, uneven, tmp_path):
    static = quantize_static(uneven, STATIC, context(data, tmp_path / "static")).model
    with pytest.raises(StepError, match="the model is quantized already"):
        qat(static, QUICK, context(data, tmp_path / "qat"))


def test_a_graph_without_layers_is_refused(data, tmp_path):
    nodes = [("GlobalAveragePool", ["image"], "p"), ("Flatten", ["p"], "logits")]
    path = tmp_path / "bare.onnx"
    onnx.save(classifier(nodes, {}, n_classes=3), path)
    with pytest.raises(StepError, match="has no Conv, Gemm or MatMul with weights"):
        qat(read_onnx(path), QUICK, context(data, tmp_path / "qat"))


@pytest.mark.parametrize("empty", ["train", "calibration"])
def test_it_needs_images(data, uneven, tmp_path, empty):
    parts = data.parts | {empty: data.parts[empty].span(0, 0)}
    with pytest.raises(StepError, match=f"qat needs {empty} images, and there are none"):
        qat(uneven, QUICK, context(replace(data, parts=parts), tmp_path / "qat"))


def test_a_fixed_batch_is_refused(data, tmp_path):
    path = tmp_path / "fixed.onnx"
    nodes = [("Conv", ["image", "w"], "a"), ("GlobalAveragePool", ["a"], "p"), ("Flatten", ["p"], "logits")]
    onnx.save(classifier(nodes, {"w": weights(4, 3, 3, 3)}, batch=2), path)
    with pytest.raises(StepError, match="takes 2 images a call"):
        qat(read_onnx(path), QUICK, context(data, tmp_path / "qat"))


def test_images_in_another_order_are_refused(data, tmp_path):
    path = tmp_path / "last.onnx"
    nodes = [
        ("Transpose", ["image"], "first", {"perm": [0, 3, 1, 2]}),
        ("Conv", ["first", "w"], "a"),
        ("GlobalAveragePool", ["a"], "p"),
        ("Flatten", ["p"], "logits"),
    ]
    proto = classifier(nodes, {"w": weights(4, 3, 3, 3)})
    dims = proto.graph.input[0].type.tensor_type.shape.dim
    for dim, size in zip(dims[1:], (16, 16, 3), strict=True):
        dim.dim_value = size
    onnx.save(proto, path)
    with pytest.raises(StepError, match="images in the order NHWC"):
        qat(read_onnx(path), QUICK, context(data, tmp_path / "qat"))


def test_what_torch_cannot_compute_is_refused_before_anything_is_trained(data, tmp_path):
    nodes = [
        ("Conv", ["image", "w"], "a"),
        ("Selu", ["a"], "b"),
        ("GlobalAveragePool", ["b"], "p"),
        ("Flatten", ["p"], "logits"),
    ]
    path = tmp_path / "selu.onnx"
    proto = classifier(nodes, {"w": weights(4, 1, 3, 3)})
    for dim, size in zip(proto.graph.input[0].type.tensor_type.shape.dim[1:], (1, 16, 16), strict=True):
        dim.dim_value = size
    onnx.save(proto, path)
    with pytest.raises(StepError, match="Selu is not among the operators that can be trained"):
        qat(read_onnx(path), QUICK, context(data, tmp_path / "qat"))
