"""Whether an example's answer depends on the others of its call: measured, said with its cause, and minded."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from engine.data import first_batch
from engine.measure.neighbours import neighbour_note
from engine.measure.predictions import USUAL_BATCH, Predictions, prediction_batch
from engine.results import codes
from engine.settings import QuantizeDynamic, Recipe, Target
from engine.techniques.quantize import quantize_dynamic
from tests.conftest import carry_out
from tests.drawn_weights import weights
from tests.techniques.given import CPU, classifier, given
from tests.techniques.quantize.test_other_models import IMAGE, Value, graph, prepared

TARGET = Target(threads=1)
HEAD = [("GlobalAveragePool", ["x"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w"], "logits")]
NORM = {
    "s": np.ones(3, np.float32),
    "b": np.zeros(3, np.float32),
    "m": np.zeros(3, np.float32),
    "v": np.ones(3, np.float32),
}


def across(operator, **attributes):
    """A classifier whose scores go through an operator that computes over the first axis."""
    nodes = [
        ("Identity", ["image"], "x"),
        *HEAD[:2],
        ("Gemm", ["f", "w"], "z"),
        (operator, ["z"], "logits", attributes),
    ]
    return classifier(nodes, {"w": weights(3, 4)}, opset=13)


def centred():
    """The mean over the batch is taken off, by axes that are a tensor."""
    nodes = [("ReduceMean", ["image", "axes"], "mean"), ("Sub", ["image", "mean"], "x"), *HEAD]
    return classifier(nodes, {"w": weights(3, 4), "axes": np.array([0])})


def training():
    names = ["image", "s", "b", "m", "v"]
    node = helper.make_node("BatchNormalization", names, ["x", "m2", "v2"], name="norm", training_mode=1)
    return classifier([node, *HEAD], {"w": weights(3, 4), **NORM}, opset=15)


def plain():
    return classifier([("Identity", ["image"], "x"), *HEAD], {"w": weights(3, 4)})


def images_of(context, n=4):
    return next(context.data.unreported.batches(n))


@pytest.mark.parametrize(
    ("proto", "cause"),
    [
        (across("Softmax", axis=0), "since Softmax computes over the batch axis"),
        (across("LogSoftmax", axis=0), "since LogSoftmax computes over the batch axis"),
        (centred(), "since ReduceMean computes over the batch axis"),
        (training(), "since BatchNormalization computes as in training: export the model in evaluation mode"),
    ],
    ids=["softmax", "log", "mean", "batch norm"],
)
def test_what_depends_on_its_neighbours_is_found_and_its_cause_is_named(proto, cause, tmp_path):
    model, context = given(proto, tmp_path)
    note = neighbour_note(model, images_of(context), TARGET)
    assert note.code == codes.BATCH_DEPENDENT
    assert cause in note.text
    assert "with 1 image a call, as the target has it" in note.text


def test_one_image_is_enough_to_find_it(tmp_path):
    model, context = given(across("Softmax", axis=0), tmp_path)
    assert neighbour_note(model, images_of(context, 1), TARGET)


def test_ranges_of_a_call_are_named_however_little_they_change(tmp_path):
    model, context = given(
        classifier([("Flatten", ["image"], "f"), ("MatMul", ["f", "w"], "logits")], {"w": weights(192, 4)}), tmp_path
    )
    dynamic = quantize_dynamic(model, QuantizeDynamic(method="dynamic"), context).onnx
    note = neighbour_note(dynamic, np.zeros((2, 3, 8, 8), np.float32), TARGET)
    assert "since DynamicQuantizeLinear takes one range for all of them" in note.text
    assert "gave outputs" not in note.text


@pytest.mark.parametrize("proto", [plain(), across("Softmax", axis=1)], ids=["plain", "softmax over classes"])
def test_what_does_not_has_no_note_and_is_asked_in_large_batches(proto, tmp_path):
    model, context = given(proto, tmp_path)
    assert neighbour_note(model, images_of(context), TARGET) is None
    assert prediction_batch(model, TARGET) == USUAL_BATCH
    assert prediction_batch(replace(model, batch_dependent=True), Target(threads=1, batch_size=4)) == 4


@pytest.mark.parametrize(("batch", "is_told"), [(4, True), (1, False)])
def test_a_fixed_batch_has_neighbours_where_it_is_more_than_one(batch, is_told, tmp_path):
    proto = across("Softmax", axis=0)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    model, context = given(proto, tmp_path)
    note = neighbour_note(model, images_of(context), TARGET)
    assert (note is not None) is is_told
    assert note is None or "with 4 images a call" in note.text


def arrays(axis):
    """Ids and values to two outputs; the values' mean over this axis is taken off the second."""
    nodes = [
        ("Gather", ["table", "ids"], "scores"),
        ("ReduceMean", ["values", "axis"], "mean"),
        ("Sub", ["values", "mean"], "centred"),
    ]
    inputs = [Value("ids", ("batch",), TensorProto.INT64), Value("values", ("batch", 5))]
    outputs = [Value("scores", ("batch", 4)), Value("centred", ("batch", 5))]
    return graph(nodes, {"table": weights(8, 4), "axis": np.array([axis])}, inputs, outputs)


def note_of(proto, folder):
    model, context = prepared(proto, folder)
    return neighbour_note(model, first_batch(context.data.unreported, 4), TARGET)


def test_every_output_of_a_model_of_arrays_is_looked_at(tmp_path):
    note = note_of(arrays(axis=0), tmp_path)
    assert note.text.startswith("An example's answer depends on the other examples of its call, since ReduceMean")
    assert "One example alone and among 3 others gave outputs that differ" in note.text
    assert note.text.endswith("with 1 example a call, as the target has it")


def test_arrays_that_do_not_depend_on_each_other_have_no_note(tmp_path):
    assert note_of(arrays(axis=1), tmp_path) is None


def rows_of_all():
    """48 boxes an image, those of all images in one list."""
    nodes = [
        ("Reshape", ["image", "shape"], "boxes"),
        ("ReduceMean", ["boxes", "axis"], "scores", {"keepdims": 0}),
        ("Cast", ["scores"], "labels", {"to": TensorProto.INT64}),
    ]
    outputs = [Value("boxes", ("n", 4)), Value("scores", ("n",)), Value("labels", ("n",), TensorProto.INT64)]
    return graph(nodes, {"shape": np.array([-1, 4]), "axis": np.array([1])}, [IMAGE], outputs)


def one_row():
    """It declares any batch and can only answer one image."""
    nodes = [("Reshape", ["image", "shape"], "f"), ("MatMul", ["f", "w"], "logits")]
    return classifier(nodes, {"w": weights(192, 4), "shape": np.array([1, 192])})


@pytest.mark.parametrize("proto", [rows_of_all(), one_row()], ids=["no rows of images", "fails"])
def test_what_has_no_row_an_image_cannot_be_compared_and_has_no_note(proto, tmp_path):
    assert note_of(proto, tmp_path) is None


def test_a_run_says_so_on_the_baseline_and_asks_at_the_target_s_batch(shared_home, tmp_path):
    onnx.save(across("Softmax", axis=0), tmp_path / "model.onnx")
    source = {"kind": "file", "path": str(tmp_path / "model.onnx")}
    recipe = Recipe.parse({"model": source, "target": {"threads": 1}, "steps": [{"technique": "float16"}]})
    ran = carry_out(recipe, tmp_path / "run", shared_home)
    baseline, halved = ran.report.variants
    assert [note.code for note in baseline.notes] == [codes.BATCH_DEPENDENT]
    assert halved.fidelity.agreement == 1
    predictions = Predictions.load(ran.folder.variants / baseline.id / "predictions.npz")
    alone = ort.InferenceSession(tmp_path / "model.onnx", providers=CPU).run(
        None, {"image": np.zeros((1, 3, 8, 8), np.float32)}
    )[0]
    assert np.array_equal(alone, np.ones((1, 4)))
    assert np.array_equal(predictions.logits, np.ones((len(predictions.ids), 4)))
