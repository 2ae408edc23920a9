import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import StepError
from engine.models.graph import METADATA_KEY, read_onnx
from engine.settings import Simplify
from engine.techniques.simplify import simplify, step
from engine.techniques.simplify.graph import simplified
from tests.drawn_weights import weights
from tests.models.small import small_classifier
from tests.techniques.given import again, classifier, given, named, operators, outputs

IMAGE = np.array([2, 3], np.int64)
CONV = ("Conv", ["image", "w"], "features")
HEAD = [("Flatten", ["pooled"], "flat"), ("Gemm", ["flat", "fc"], "logits")]
W = {"w": weights(4, 3, 3, 3), "fc": weights(4, 4)}


def codes(outcome):
    return {note.code for note in outcome.notes}


def test_an_old_export_loses_its_batch_norm_and_its_no_ops(tmp_path):
    norm = {name: np.abs(weights(4)) for name in ("scale", "bias", "mean", "var")}
    model, context = given(
        classifier(
            [
                CONV,
                ("BatchNormalization", ["features", *norm], "normal"),
                ("Identity", ["normal"], "same"),
                ("Transpose", ["same"], "last", {"perm": [0, 2, 3, 1]}),
                ("Transpose", ["last"], "first", {"perm": [0, 3, 1, 2]}),
                ("Dropout", ["first"], "kept"),
                ("Relu", ["kept"], "left"),
                ("Relu", ["kept"], "right"),
                ("Add", ["left", "right"], "sum"),
                ("Constant", [], "one", {"value": helper.make_tensor("v", TensorProto.FLOAT, [], [1.0])}),
                ("Mul", ["sum", "one"], "times one"),
                ("ReduceMean", ["times one"], "pooled", {"axes": [2, 3], "keepdims": 1}),
                *HEAD,
            ],
            W | norm,
            opset=17,
        ),
        tmp_path,
    )
    outcome = simplify(model, Simplify(), context)
    path = outcome.model.path
    assert operators(path) == ["Conv", "Relu", "Add", "GlobalAveragePool", "Flatten", "Gemm"]
    np.testing.assert_allclose(outputs(path), outputs(model.path), rtol=1e-4, atol=1e-5)
    assert outputs(path, n=1).shape == (1, 4)
    assert outcome.notes[0].text.startswith("Nodes: 14 -> 6")
    assert codes(outcome) == {"simplified", "pooled", "compared"}
    conv = onnx.load(path).graph.node[0]
    assert conv.name == "Conv for features"
    onnx.checker.check_model(str(path))
    assert path.stat().st_size < model.path.stat().st_size + 400
    read = read_onnx(path)
    assert (read.opset, read.input_name, read.output_name, read.batch) == (17, "image", "logits", None)
    assert read.parameters == outcome.model.parameters < model.parameters
    assert [entry.key for entry in onnx.load(path).metadata_props] == [METADATA_KEY]


@pytest.mark.parametrize("opset", [13, 17, 18, 20])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [3, -2]])
def test_a_mean_over_height_and_width_becomes_pooling(opset, keepdims, axes, tmp_path):
    model, context = given(mean_of("features", axes, keepdims, opset), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert "GlobalAveragePool" in operators(outcome.model.path)
    assert "ReduceMean" not in operators(outcome.model.path)
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=1e-4, atol=1e-5)
    assert outcome.model.opset == read_onnx(outcome.model.path).opset == opset
    twice = simplify(outcome.model, Simplify(), again(context, "twice"))
    assert codes(twice) == {"nothing_to_simplify"}
    assert twice.model.path.read_bytes() == outcome.model.path.read_bytes()


@pytest.mark.parametrize(
    ("value", "axes"), [("features", [1, 2]), ("features", [3]), ("last", [2, 3]), ("tokens", [1])]
)
def test_other_means_stay(value, axes, tmp_path):
    """Channels-last pooling is over other axes, and tokens have rank 3."""
    nodes = [
        CONV,
        ("Transpose", ["features"], "last", {"perm": [0, 2, 3, 1]}),
        ("Reshape", ["last", "to tokens"], "tokens"),
        ("ReduceMean", [value, "axes"], "mean", {"keepdims": 1}),
        ("Flatten", ["mean"], "flat"),
        ("ReduceMax", ["flat", "one"], "top", {"keepdims": 1}),
        ("MatMul", ["top", "row"], "logits"),
    ]
    constants = W | {
        "axes": np.array(axes),
        "one": np.array([1]),
        "row": weights(1, 4),
        "to tokens": np.array([0, 36, 4]),
    }
    proto, _ = simplified(classifier(nodes, constants))
    pooled = "GlobalAveragePool" in {node.op_type for node in proto.graph.node}
    assert pooled == (value == "last")


def mean_of(value, axes, keepdims, opset):
    given_as_input = opset >= 18
    mean = (
        "ReduceMean",
        [value, "axes"] if given_as_input else [value],
        "pooled",
        {"keepdims": keepdims} | ({} if given_as_input else {"axes": axes}),
    )
    return classifier([CONV, mean, *HEAD], W | ({"axes": np.array(axes)} if given_as_input else {}), opset=opset)


def test_what_cannot_be_simplified_keeps_its_bytes(tmp_path):
    model, context = given(classifier([CONV, ("GlobalAveragePool", ["features"], "pooled"), *HEAD], W), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert codes(outcome) == {"nothing_to_simplify"}
    assert outcome.model.path.read_bytes() == model.path.read_bytes()
    assert outcome.model.path.parent == context.folder


def test_every_node_gets_a_name_of_its_own(tmp_path):
    model, context = given(small_classifier(), tmp_path)
    outcome = simplify(model, Simplify(), context)
    names = [node.name for node in onnx.load(outcome.model.path).graph.node]
    assert names == ["Conv_features", "GlobalAveragePool_pooled", "Flatten_flat", "Gemm_logits"]
    assert "named" in codes(outcome)


def test_a_quantized_model_keeps_its_integers_and_its_outputs(tmp_path):
    constants = {
        "w8": np.arange(108, dtype=np.int8).reshape(4, 3, 3, 3),
        "s": np.float32(0.02),
        "z": np.int8(0),
        "a": np.float32(0.03),
        "u": np.uint8(128),
        "fc": W["fc"],
        "axes": IMAGE,
    }
    model, context = given(
        classifier(
            [
                ("QuantizeLinear", ["image", "a", "u"], "image8"),
                ("DequantizeLinear", ["image8", "a", "u"], "rounded"),
                ("DequantizeLinear", ["w8", "s", "z"], "w"),
                ("Identity", ["rounded"], "same"),
                ("Conv", ["same", "w"], "features"),
                ("ReduceMean", ["features", "axes"], "pooled"),
                *HEAD,
            ],
            constants,
        ),
        tmp_path,
    )
    outcome = simplify(model, Simplify(), context)
    kept = operators(outcome.model.path)
    assert kept == ["QuantizeLinear", "DequantizeLinear", "DequantizeLinear", "Conv", "ReduceMean", "Flatten", "Gemm"]
    assert np.array_equal(outputs(outcome.model.path), outputs(model.path))
    assert {tensor.name: tensor.data_type for tensor in onnx.load(outcome.model.path).graph.initializer}["w8"] == 3


def test_a_branch_still_takes_the_right_way(tmp_path):
    def branch(name, op):
        out = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op, ["features"], [name], name=f"{name} {op}")], name, [], [out])

    nodes = [
        CONV,
        ("ReduceSum", ["image"], "sum", {"keepdims": 0}),
        ("Greater", ["sum", "zero"], "positive"),
        helper.make_node(
            "If",
            ["positive"],
            ["chosen"],
            name="if",
            then_branch=branch("then", "Relu"),
            else_branch=branch("else", "Sigmoid"),
        ),
        ("Identity", ["chosen"], "same"),
        ("GlobalAveragePool", ["same"], "pooled"),
        *HEAD,
    ]
    model, context = given(classifier(nodes, W | {"zero": np.float32(0)}), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert "Identity" not in operators(outcome.model.path)
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=1e-5)


def test_functions_of_the_file_are_inlined(tmp_path):
    body = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Add", ["a", "x"], ["y"])]
    function = helper.make_function("mine", "Block", ["x"], ["y"], body, [helper.make_opsetid("", 20)])
    nodes = [
        CONV,
        named("Block", ["features"], "block", domain="mine"),
        ("GlobalAveragePool", ["block"], "pooled"),
        *HEAD,
    ]
    model, context = given(classifier(nodes, W, functions=[function]), tmp_path)
    outcome = simplify(model, Simplify(), context)
    proto = onnx.load(outcome.model.path)
    assert operators(outcome.model.path) == ["Conv", "Relu", "Add", "GlobalAveragePool", "Flatten", "Gemm"]
    assert not proto.functions
    assert len({node.name for node in proto.graph.node}) == 6
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=1e-5)


def test_large_constants_are_not_written_out(tmp_path):
    nodes = [
        CONV,
        ("Expand", ["tenth", "size"], "wide"),
        ("ReduceSum", ["wide"], "all", {"keepdims": 0}),
        ("Cast", ["halves"], "floats", {"to": TensorProto.FLOAT}),
        ("Conv", ["features", "floats"], "more"),
        ("Mul", ["more", "all"], "scaled"),
        ("Identity", ["scaled"], "same"),
        ("GlobalAveragePool", ["same"], "pooled"),
        *HEAD,
    ]
    constants = W | {
        "tenth": np.float32(1e-5),
        "size": np.array([256, 256]),
        "halves": weights(4, 4, 3, 3).astype("f2"),
    }
    model, context = given(classifier(nodes, constants), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert {"Expand", "Cast"} <= set(operators(outcome.model.path))
    assert outcome.model.path.stat().st_size <= model.path.stat().st_size + 300
    assert "Identity" not in operators(outcome.model.path)


def test_a_fixed_batch_stays(tmp_path):
    proto = mean_of("features", [2, 3], 1, 20)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2
    model, context = given(proto, tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert read_onnx(outcome.model.path).batch == 2
    np.testing.assert_allclose(outputs(outcome.model.path, 2), outputs(model.path, 2), rtol=1e-4, atol=1e-5)


def test_equal_constants_are_stored_once_but_not_the_layers_own(tmp_path):
    zeros, half = np.zeros(4, np.float32), np.full((1, 4, 1, 1), 0.5, np.float32)
    constants = W | {"w2": weights(4, 4, 1, 1), "b1": zeros, "b2": zeros, "p": half, "q": half}
    nodes = [
        ("Conv", ["image", "w", "b1"], "features"),
        ("Mul", ["features", "p"], "half"),
        ("Conv", ["half", "w2", "b2"], "more"),
        ("Add", ["more", "q"], "sum"),
        ("GlobalAveragePool", ["sum"], "pooled"),
        *HEAD,
    ]
    proto, _ = simplified(classifier(nodes, constants))
    assert [tensor.name for tensor in proto.graph.initializer if tensor.name in ("p", "q")] == ["p"]
    assert {node.input[1] for node in proto.graph.node if node.op_type == "Conv"} == {"w", "w2"}
    biases = [list(node.input[2:]) for node in proto.graph.node if node.op_type == "Conv"]
    assert biases in ([["b1"], ["b2"]], [[], []])


def test_a_layer_norm_in_pieces_becomes_one(tmp_path):
    nodes = [
        CONV,
        ("Reshape", ["features", "to tokens"], "tokens"),
        ("ReduceMean", ["tokens", "axis"], "mean", {"keepdims": 1}),
        ("Sub", ["tokens", "mean"], "off"),
        ("Pow", ["off", "two"], "square"),
        ("ReduceMean", ["square", "axis"], "var", {"keepdims": 1}),
        ("Add", ["var", "eps"], "var eps"),
        ("Sqrt", ["var eps"], "std"),
        ("Div", ["off", "std"], "normal"),
        ("Mul", ["normal", "gamma"], "scaled"),
        ("Add", ["scaled", "beta"], "shifted"),
        ("Flatten", ["shifted"], "flat"),
        ("Gemm", ["flat", "fc"], "logits"),
    ]
    constants = {
        "w": W["w"],
        "fc": weights(144, 4),
        "to tokens": np.array([0, 36, 4]),
        "axis": np.array([-1]),
        "two": np.float32(2),
        "eps": np.float32(1e-5),
        "gamma": weights(4),
        "beta": weights(4),
    }
    model, context = given(classifier(nodes, constants, opset=18), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert operators(outcome.model.path) == ["Conv", "Reshape", "LayerNormalization", "Flatten", "Gemm"]
    np.testing.assert_allclose(outputs(outcome.model.path), outputs(model.path), rtol=1e-3, atol=1e-4)


def test_other_outputs_are_an_error_with_the_figure(tmp_path, monkeypatch):
    def broken(proto):
        after, done = simplified(proto)
        weight = next(tensor for tensor in after.graph.initializer if tensor.name == "fc")
        weight.raw_data = (np.frombuffer(weight.raw_data, np.float32) * np.float32(1.01)).tobytes()
        return after, done

    monkeypatch.setattr(step, "simplified", broken)
    model, context = given(mean_of("features", [2, 3], 1, 20), tmp_path)
    with pytest.raises(StepError, match=r"differ by 1\.0e-02 of the largest one"):
        simplify(model, Simplify(), context)


SUM = """
import hashlib, sys
import onnx
from engine.techniques.simplify.graph import simplified
print(hashlib.sha256(simplified(onnx.load(sys.argv[1]))[0].SerializeToString()).hexdigest())
"""


def test_the_bytes_are_always_the_same():
    proto = mean_of("features", [2, 3], 0, 20)
    first, second = (simplified(proto)[0].SerializeToString() for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_process(tmp_path):
    model, _ = given(mean_of("features", [2, 3], 0, 20), tmp_path)
    command = [sys.executable, "-c", SUM, str(model.path)]
    runs = [
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_a_branch_that_only_passes_a_value_on_still_returns_one_of_its_own(tmp_path):
    def branch(name, operator):
        result = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(operator, ["score"], [name])], name, [], [result])

    chosen = {"then_branch": branch("then", "Neg"), "else_branch": branch("else", "Identity")}
    nodes = [CONV, ("Identity", ["features"], "same"), ("GlobalAveragePool", ["same"], "pooled"), HEAD[0]]
    nodes += [("Gemm", ["flat", "fc"], "score"), ("ReduceSum", ["score"], "sum", {"keepdims": 0})]
    nodes += [("Greater", ["sum", "zero"], "yes"), helper.make_node("If", ["yes"], ["logits"], name="if", **chosen)]
    model, context = given(classifier(nodes, W | {"zero": np.float32(0)}), tmp_path)
    outcome = simplify(model, Simplify(), context)
    assert "Identity" not in operators(outcome.onnx.path)
    for n in range(1, 6):
        np.testing.assert_allclose(outputs(outcome.onnx.path, n), outputs(model.path, n), rtol=1e-4, atol=1e-5)
