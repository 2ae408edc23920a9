"""Reading ONNX files: what a classifier says of itself, and every file that is none."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, quantize_static
from onnxruntime.quantization.calibrate import CalibrationDataReader

from engine.errors import SourceError
from engine.models.graph import describe, load_proto, read_onnx, write_metadata
from engine.settings import Preprocess
from tests.models.small import Shape, small_classifier

OURS = Preprocess(size=(8, 8), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6), resize="squash")


def test_a_classifier_is_read(saved):
    model = read_onnx(saved(small_classifier()))
    assert (model.input_name, model.output_name, model.input_shape) == ("image", "logits", (3, 8, 8))
    assert (model.batch, model.n_outputs, model.opset, model.layout) == (None, 5, 18, "nchw")
    assert model.parameters == 4 * 3 * 9 + 20 + 5
    assert model.macs == 6 * 6 * 4 * 27 + 20


def test_imagenet_is_assumed_and_told_where_nothing_is_said(saved):
    model = read_onnx(saved(small_classifier()))
    assert model.preprocess.mean == (0.485, 0.456, 0.406)
    assert model.preprocess.size == (8, 8)
    assert [note.code for note in model.warnings] == ["preprocess_assumed"]


def test_one_channel_gets_the_mean_of_three(saved):
    model = read_onnx(saved(small_classifier(Shape(image=("batch", 1, 8, 8)))))
    assert model.preprocess.mean == (pytest.approx((0.485 + 0.456 + 0.406) / 3),)


def test_the_file_itself_may_say_how(saved):
    proto = small_classifier()
    write_metadata(proto, OURS, tuple("abcde"))
    write_metadata(proto, OURS, tuple("vwxyz"))
    model = read_onnx(saved(proto))
    assert (model.preprocess, model.classes, model.warnings) == (OURS, tuple("vwxyz"), ())


def test_what_the_user_says_comes_before_what_the_file_says(saved):
    proto = small_classifier()
    write_metadata(proto, OURS, None)
    other = OURS.model_copy(update={"crop_pct": 0.5})
    assert read_onnx(saved(proto), other).preprocess == other


def test_the_key_tells_preprocessing_apart(saved):
    path = saved(small_classifier())
    assert read_onnx(path).key == read_onnx(path).key
    assert read_onnx(path).key != read_onnx(path, OURS).key


def test_a_fixed_batch_is_kept_and_macs_are_of_one_image(saved):
    model = read_onnx(saved(small_classifier(Shape(image=(4, 3, 8, 8), logits=(4, 5)))))
    assert model.batch == 4
    assert model.macs == 6 * 6 * 4 * 27 + 20


def test_any_size_needs_a_preprocessing(saved):
    path = saved(small_classifier(Shape(image=("batch", 3, "height", "width"))))
    with pytest.raises(SourceError, match="any size"):
        read_onnx(path)
    model = read_onnx(path, OURS)
    assert model.input_shape == (3, 8, 8)
    assert model.macs == 6 * 6 * 4 * 27 + 20


def test_of_several_outputs_the_scores_are_taken(saved):
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ("batch", 4, 6, 6))
    assert read_onnx(saved(small_classifier(outputs=[features]))).output_name == "logits"


def test_describe_keeps_the_names_of_dynamic_dimensions():
    assert describe(small_classifier()) == ({"image": ("batch", 3, 8, 8)}, {"logits": ("batch", 5)})


class _Noise(CalibrationDataReader):
    def __init__(self) -> None:
        self._left = [{"image": np.random.default_rng(0).random((1, 3, 8, 8), np.float32)}]

    def get_next(self):
        return self._left.pop() if self._left else None


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator])
def test_a_quantized_file_counts_as_its_original(form, saved, tmp_path):
    original = saved(small_classifier())
    quantize_static(original, tmp_path / "int8.onnx", _Noise(), quant_format=form, per_channel=True)
    quantized, model = read_onnx(tmp_path / "int8.onnx"), read_onnx(original)
    assert quantized.parameters in (model.parameters, model.parameters + 4)  # a bias of zeros where there was none
    assert quantized.macs == (model.macs if form == QuantFormat.QDQ else None)  # QGemm is not ONNX's own


@pytest.mark.parametrize(("model", "said"), [
    (small_classifier(opset=99), "opset 99"),
    (small_classifier(ir=99), "IR version 99"),
    (small_classifier(Shape(image=("batch", 3, 4, 4))), "images of 4x4 px, 8 to 4096 px are possible"),
    (small_classifier(Shape(image=("batch", 3, 8, 5000))), "images of 8x5000 px, 8 to 4096 px are possible"),
    (small_classifier(Shape(logits=("batch", 7))), "declared with 7 classes and has 5"),
    (small_classifier(extra_nodes=[helper.make_node("Nonsense", ["logits"], ["x"], domain="their.own")]), "Nonsense"),
    (small_classifier(extra_nodes=[helper.make_node("Relu", ["nothing"], ["x"])]), "nothing"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_reason(model, said, saved):
    with pytest.raises(SourceError, match=said):
        read_onnx(saved(model))


def arrays_model(*inputs, nodes, weights=(), outputs=(("y", ("n", 4)),)):
    """A graph of these inputs (name, kind, shape) that is no image model."""
    graph = helper.make_graph(
        nodes,
        "arrays",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_what_takes_no_images_takes_arrays(saved):
    table = np.ones((50, 4), np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["y"]),
    ]
    inputs = (
        ("ids", TensorProto.INT64, ("n", "T")),
        ("bias", TensorProto.FLOAT, ("n", 4)),
        ("scale", TensorProto.FLOAT, ()),
    )
    model = read_onnx(saved(arrays_model(*inputs, nodes=nodes, weights=[("table", table)])))
    assert (model.preprocess, model.input_shape, model.task, model.output_names) == (None, (), "classification", ("y",))
    assert [(one.name, one.dtype, one.shape, one.batched, one.upper) for one in model.inputs] == [
        ("ids", "int64", ("T",), True, 50),
        ("bias", "float32", (4,), True, None),
        ("scale", "float32", (), False, None),
    ]
    assert model.input_specs == model.inputs


@pytest.mark.parametrize(("task", "names"), [(None, ("a", "b")), ("embedding", ("b",))])
def test_the_recipe_may_say_what_a_model_is_asked_for_and_where_its_answer_is(task, names, saved):
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Neg", ["x"], ["b"])]
    proto = arrays_model(("x", TensorProto.FLOAT, ("n", 6)), nodes=nodes, outputs=[("a", ("n", 6)), ("b", ("n", 6))])
    model = read_onnx(saved(proto), task=task, output="b" if task else None)
    assert (model.task, model.output_names) == (task or "tensors", names)
    with pytest.raises(SourceError, match="cannot be read as a segmenter"):
        read_onnx(saved(proto), task="segmentation")


@pytest.mark.parametrize(("kind", "shape", "said"), [
    (TensorProto.STRING, ("n", 4), "is string, and must be one of numbers"),
    (TensorProto.FLOAT, None, "of unknown rank"),
])  # fmt: skip
def test_an_input_for_which_no_array_can_be_made_is_refused(kind, shape, said, saved):
    proto = arrays_model(("x", kind, shape), nodes=[helper.make_node("Identity", ["x"], ["y"])])
    with pytest.raises(SourceError, match=said):
        read_onnx(saved(proto))


def test_a_step_s_own_file_is_one_file(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(small_classifier(), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    with pytest.raises(SourceError, match=r"3 tensors in another file .'model\.onnx\.data'.; a model must be one file"):
        read_onnx(path)


def test_a_cut_file_is_named(saved, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(small_classifier().SerializeToString()[:200])
    with pytest.raises(SourceError, match="not an ONNX file, or is cut off"):
        read_onnx(path)


@pytest.mark.parametrize(("preprocess", "said"), [
    (OURS.model_copy(update={"size": (16, 16)}), "takes images of 8x8 px, and the preprocessing makes them 16x16 px"),
    (Preprocess(size=(8, 8), mean=(0.5,), std=(0.5,)), "takes 3 channels, and the preprocessing has 1 mean"),
])  # fmt: skip
def test_a_preprocessing_that_does_not_fit(preprocess, said, saved):
    with pytest.raises(SourceError, match=said):
        read_onnx(saved(small_classifier()), preprocess)


def test_as_many_class_names_as_outputs(saved):
    with pytest.raises(SourceError, match="2 class names for 5 outputs"):
        read_onnx(saved(small_classifier()), classes=("a", "b"))


def test_damaged_metadata_is_refused(saved):
    proto = small_classifier()
    proto.metadata_props.add(key="featherweight", value='{"preprocess": {"size": 3}, "classes": null}')
    with pytest.raises(SourceError, match="damaged"):
        read_onnx(saved(proto))


def test_a_proto_without_a_graph_is_refused(saved):
    with pytest.raises(SourceError, match="no ONNX graph"):
        load_proto(saved(onnx.ModelProto(ir_version=8)))


def test_a_quantized_file_is_read_with_a_warning(sample_run):
    fp32, int8 = (read_onnx(sample_run.folder.path / variant.file) for variant in sample_run.report.variants)
    assert [warning.code for warning in int8.warnings] == ["already_quantized"]
    assert fp32.warnings == ()
