"""What can be quantized, and the sentences for what cannot."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import StepError
from engine.settings import QuantizeDynamic, QuantizeStatic, QuantizeWeights
from engine.techniques.quantize import quantize_dynamic, quantize_static, quantize_weights
from engine.techniques.quantize.prepare import check_quantizable, fold, free_products, heavy_nodes
from tests.drawn_weights import weights
from tests.techniques.given import classifier, given

METHODS = [
    (quantize_static, QuantizeStatic(method="static")),
    (quantize_dynamic, QuantizeDynamic(method="dynamic")),
    (quantize_weights, QuantizeWeights(method="weights")),
]
HEAD = [("GlobalAveragePool", ["x"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w"], "logits")]
SCORES = weights(3, 4)


def with_branch():
    def branch(name, operator):
        result = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(operator, ["image"], [name])], name, [], [result])

    chosen = {"then_branch": branch("then", "Identity"), "else_branch": branch("else", "Neg")}
    nodes = [helper.make_node("If", ["yes"], ["x"], name="branch", **chosen), *HEAD]
    return classifier(nodes, {"w": SCORES, "yes": np.array(True)})


def with_sequence():
    nodes = [("SequenceConstruct", ["image"], "s"), ("ConcatFromSequence", ["s"], "x", {"axis": 0}), *HEAD]
    return classifier(nodes, {"w": SCORES})


def with_strings():
    proto = classifier([("Identity", ["image"], "x"), *HEAD], {"w": SCORES})
    proto.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [1], [b"cat"]))
    return proto


def quantized():
    nodes = [("QuantizeLinear", ["image", "s", "z"], "q"), ("DequantizeLinear", ["q", "s", "z"], "x"), *HEAD]
    return classifier(nodes, {"w": SCORES, "s": np.float32(0.1), "z": np.uint8(128)})


def in_blocks():
    """As weight-only quantization leaves it: no operator of it is one of the standard's."""
    sizes = {"K": 192, "N": 4, "bits": 8, "block_size": 32}
    node = helper.make_node("MatMulNBits", ["x", "q", "s"], ["logits"], name="blocks", domain="com.microsoft", **sizes)
    arrays = {"q": np.zeros((4, 6, 32), np.uint8), "s": np.ones((4, 6), np.float32), "w": weights(3, 3, 1, 1)}
    proto = classifier([("Conv", ["image", "w"], "c"), ("Flatten", ["c"], "x"), node], arrays)
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


def in_16_bits():
    return classifier(
        [("GlobalAveragePool", ["image"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w"], "logits")],
        {"w": SCORES.astype(np.float16)},
        kind=TensorProto.FLOAT16,
    )


def without_weights():
    return classifier(
        [("GlobalAveragePool", ["image"], "p"), ("Flatten", ["p"], "f"), ("Relu", ["f"], "logits")], {}, n_classes=3
    )


@pytest.mark.parametrize(("technique", "settings"), METHODS, ids=["static", "dynamic", "weights"])
@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (with_branch(), "has control flow (If)"),
        (with_sequence(), "is a sequence"),
        (with_strings(), "'names' is a tensor of strings"),
        (quantized(), "the model is quantized already"),
        (in_blocks(), "the model is quantized already"),
        (in_16_bits(), "the model is in 16-bit floats"),
        (without_weights(), "has no Conv, Gemm or MatMul with weights"),
    ],
    ids=["control flow", "sequence", "strings", "quantized", "blocks", "16 bits", "no weights"],
)
def test_every_method_refuses_it_with_a_sentence_and_leaves_nothing(proto, message, technique, settings, tmp_path):
    model, context = given(proto, tmp_path)
    with pytest.raises(StepError) as caught:
        technique(model, settings, context)
    assert message in caught.value.message
    assert caught.value.next
    assert not list(context.folder.iterdir())


def test_layers_and_products_are_told_apart():
    nodes = [
        ("Flatten", ["image"], "a"),
        ("MatMul", ["a", "w"], "b"),
        ("Transpose", ["b"], "c"),
        ("MatMul", ["b", "c"], "d"),
        ("MatMul", ["d", "b"], "logits"),
    ]
    proto = classifier(nodes, {"w": weights(192, 4)})
    assert heavy_nodes(proto) == ["MatMul for b"]
    assert free_products(proto) == ("MatMul for d", "MatMul for logits")


def test_a_folded_graph_has_batch_norms_in_its_convolutions_and_a_name_for_every_node(tmp_path):
    proto = classifier(
        [("Conv", ["image", "w1"], "a"), ("BatchNormalization", ["a", "s", "b", "m", "v"], "x"), *HEAD],
        {
            "w1": weights(3, 3, 3, 3),
            "s": weights(3),
            "b": weights(3),
            "m": weights(3),
            "v": np.ones(3, np.float32),
            "w": SCORES,
        },
    )
    for node in proto.graph.node:
        node.name = ""
    model, context = given(proto, tmp_path)
    check_quantizable(model)
    folded = onnx.load(fold(model, tmp_path, context.data.unreported))
    names = [node.name for node in folded.graph.node]
    assert "BatchNormalization" not in {node.op_type for node in folded.graph.node}
    assert all(names)
    assert len(set(names)) == len(names)
