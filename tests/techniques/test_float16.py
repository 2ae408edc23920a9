import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from engine.errors import StepError
from engine.measure.latency import measure_latency
from engine.measure.predictions import predict
from engine.models.graph import METADATA_KEY, read_onnx
from engine.runtimes import operator_times
from engine.settings import Float16, Target
from engine.techniques.float16 import float16
from tests.drawn_weights import weights
from tests.techniques.given import CPU, again, classifier, given, outputs

CONV = ("Conv", ["image", "w"], "features")
HEAD = [
    ("GlobalAveragePool", ["features"], "pooled"),
    ("Flatten", ["pooled"], "flat"),
    ("Gemm", ["flat", "fc"], "logits"),
]
W = {"w": weights(4, 3, 3, 3), "fc": weights(4, 4)}
LAYERS = [CONV, *HEAD]


def note(outcome, code):
    return next((one.text for one in outcome.notes if one.code == code), None)


def kinds(proto):
    return {tensor.name: tensor.data_type for tensor in proto.graph.initializer}


def test_weights_are_halved_and_callers_need_not_change(tmp_path):
    model, context = given(classifier(LAYERS, W), tmp_path)
    outcome = float16(model, Float16(), context)
    proto = onnx.load(outcome.model.path)
    assert kinds(proto) == {"w": TensorProto.FLOAT16, "fc": TensorProto.FLOAT16}
    onnx.checker.check_model(proto, full_check=True)
    names = [node.name for node in proto.graph.node]
    assert all(names)
    assert len(set(names)) == len(names)
    assert METADATA_KEY in {entry.key for entry in proto.metadata_props}
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=0.02, atol=0.01)
    assert outputs(outcome.model.path, n=1).shape == (1, 4)
    read = read_onnx(outcome.model.path)
    assert (read.batch, read.classes, read.preprocess) == (None, model.classes, model.preprocess)
    assert "dB of FP32" in note(outcome, "float16")


def test_the_note_on_the_cpu_is_for_the_cpu(tmp_path, monkeypatch):
    model, context = given(classifier(LAYERS, W), tmp_path)
    assert "smaller and not faster" in note(float16(model, Float16(), context), "float16_cast_back")
    other = next((name for name in ort.get_available_providers() if name not in CPU), None)
    if other is None:
        pytest.skip("this onnxruntime has the CPU alone")
    elsewhere = again(context, "elsewhere", target=Target(threads=1, provider=other))
    assert note(float16(model, Float16(), elsewhere), "float16_cast_back") is None


def test_a_model_that_takes_16_bits_is_measured_as_any_other(tmp_path):
    model, context = given(classifier(LAYERS, W), tmp_path)
    made = float16(model, Float16(keep_io_types=False), context).model
    (image,), (logits,) = onnx.load(made.path).graph.input, onnx.load(made.path).graph.output
    assert {value.type.tensor_type.elem_type for value in (image, logits)} == {TensorProto.FLOAT16}
    part = context.data.split("evaluation").span(0, 5)
    after, before = (predict(one, part, context.target).logits for one in (made, model))
    assert after.dtype == np.float32
    np.testing.assert_allclose(after, before, rtol=0.02, atol=0.01)
    images = next(part.batches(2))
    timed = measure_latency({"fp32": model, "fp16": made}, "fp32", Target(threads=1, batch_size=2), images, n_rounds=3)
    assert timed["fp16"].require().p50_ms > 0
    assert operator_times(made.path, context.target, images)
    assert read_onnx(made.path).macs == model.macs


@pytest.mark.parametrize("keep", [True, False])
def test_activations_that_would_overflow_stay_in_32_bits(keep, tmp_path):
    """Features of about 1e6, divided again: without care they become infinite, and the outputs with them."""
    scaled = [
        ("Mul", ["features", "many"], "huge"),
        ("Relu", ["huge"], "positive"),
        ("Mul", ["positive", "few"], "less"),
    ]
    nodes = [CONV, *scaled, ("GlobalAveragePool", ["less"], "pooled"), *HEAD[1:]]
    constants = W | {"many": np.full((4, 1, 1), 6e4, np.float32), "few": np.full((4, 1, 1), 1e-4, np.float32)}
    model, context = given(classifier(nodes, constants), tmp_path)
    outcome = float16(model, Float16(keep_io_types=keep), context)
    assert "'huge' reaches" in note(outcome, "float16_kept")
    proto = onnx.load(outcome.model.path)
    assert kinds(proto)["fc"] == TensorProto.FLOAT16
    assert "Nodes that stay in 32 bits: 3;" in note(outcome, "float16_kept")
    inferred = onnx.shape_inference.infer_shapes(proto)
    types = {value.name: value.type.tensor_type.elem_type for value in inferred.graph.value_info}
    inside = {name: types[name] for node in proto.graph.node for name in node.output if node.op_type in ("Mul", "Relu")}
    assert set(inside.values()) == {TensorProto.FLOAT}
    between = {node.input[0] for node in proto.graph.node if node.op_type == "Cast"}
    assert not any("huge" in name or "positive" in name for name in between)
    kind = np.float32 if keep else np.float16
    np.testing.assert_allclose(
        outputs(outcome.model.path, kind=kind),
        outputs(model.path),
        rtol=0.05,
        atol=0.05 * abs(outputs(model.path)).max(),
    )


def test_a_weight_that_does_not_fit_stays_in_32_bits(tmp_path):
    constants = W | {"large": np.array([1e5, 1, 1, 1], np.float32).reshape(4, 1, 1)}
    nodes = [CONV, ("Div", ["features", "large"], "less"), ("GlobalAveragePool", ["less"], "pooled"), *HEAD[1:]]
    model, context = given(classifier(nodes, constants), tmp_path)
    outcome = float16(model, Float16(), context)
    assert kinds(onnx.load(outcome.model.path))["large"] == TensorProto.FLOAT
    assert "'large' reaches 1e+05; 16 bits hold up to 65504" in note(outcome, "float16_kept")


def test_the_bound_of_a_clip_may_be_beyond_the_range(tmp_path):
    nodes = [
        CONV,
        ("Clip", ["features", "low", "high"], "positive"),
        ("GlobalAveragePool", ["positive"], "pooled"),
        *HEAD[1:],
    ]
    constants = W | {"low": np.float32(0), "high": np.float32(3.4e38)}
    model, context = given(classifier(nodes, constants), tmp_path)
    outcome = float16(model, Float16(), context)
    assert note(outcome, "float16_kept") is None
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=0.02, atol=0.01)


def test_logits_that_do_not_fit_need_an_output_in_32_bits(tmp_path):
    model, context = given(classifier(LAYERS, W | {"fc": W["fc"] * np.float32(1e6)}), tmp_path)
    with pytest.raises(StepError, match="'logits' reaches"):
        float16(model, Float16(keep_io_types=False), context)
    outcome = float16(model, Float16(), again(context, "wide"))
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=0.05, atol=1e4)


def test_nothing_left_to_convert_is_an_error(tmp_path):
    nodes = [
        ("Conv", ["image", "w"], "features"),
        ("GlobalAveragePool", ["features"], "pooled"),
        ("Flatten", ["pooled"], "logits"),
    ]
    model, context = given(classifier(nodes, {"w": W["w"] * np.float32(1e7)}), tmp_path)
    with pytest.raises(StepError, match="nothing of the model fits 16-bit floats: 'features' reaches"):
        float16(model, Float16(), context)


def test_resize_keeps_its_scales_in_32_bits(tmp_path):
    nodes = [
        CONV,
        ("Resize", ["features", "", "scales"], "large", {"mode": "linear"}),
        ("GlobalAveragePool", ["large"], "pooled"),
        *HEAD[1:],
    ]
    model, context = given(classifier(nodes, W | {"scales": np.array([1, 1, 2, 2], np.float32)}), tmp_path)
    outcome = float16(model, Float16(), context)
    assert kinds(onnx.load(outcome.model.path))["scales"] == TensorProto.FLOAT


def quantized():
    constants = {"w8": np.ones((4, 3, 3, 3), np.int8), "s": np.float32(0.02), "z": np.int8(0), "fc": W["fc"]}
    return classifier([("DequantizeLinear", ["w8", "s", "z"], "w"), *LAYERS], constants)


def halved():
    return classifier(
        [("Cast", ["half"], "w", {"to": TensorProto.FLOAT}), *LAYERS],
        {"half": W["w"].astype(np.float16), "fc": W["fc"]},
    )


def branched():
    out = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Relu", ["features"], ["x"])], "branch", [], [out])
    chosen = helper.make_node("If", ["yes"], ["chosen"], then_branch=branch, else_branch=branch)
    nodes = [CONV, chosen, ("GlobalAveragePool", ["chosen"], "pooled"), *HEAD[1:]]
    return classifier(nodes, W | {"yes": np.array(True)})


def listed():
    nodes = [
        CONV,
        ("SequenceConstruct", ["features"], "list"),
        ("SequenceAt", ["list", "first"], "one"),
        ("GlobalAveragePool", ["one"], "pooled"),
        *HEAD[1:],
    ]
    return classifier(nodes, W | {"first": np.array(0)})


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (quantized, "quantized already"),
        (halved, "16-bit floats already"),
        (branched, r"control flow \(If\)"),
        (listed, "the value 'list' is a sequence"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(proto, message, tmp_path):
    model, context = given(proto(), tmp_path)
    with pytest.raises(StepError, match=message) as raised:
        float16(model, Float16(), context)
    assert raised.value.next
    assert not list(context.folder.iterdir())


def test_a_fixed_batch_stays(tmp_path):
    model, context = given(classifier(LAYERS, W, batch=2), tmp_path)
    made = float16(model, Float16(), context).model
    assert read_onnx(made.path).batch == 2
    np.testing.assert_allclose(outputs(made.path, 2), outputs(model.path, 2), rtol=0.02, atol=0.01)
