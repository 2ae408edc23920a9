"""Nodes of two files that compute the same, by what the files say."""

from engine.measure.graph_matching import match_files
from tests.measure.test_node_matching import BASELINE, QUANTIZED, file_node


def pairs(baseline, model, baseline_modules=(), model_modules=()):
    found = match_files(baseline, model, dict(baseline_modules), dict(model_modules))
    return {one.baseline[0]: (one.baseline[1:], one.model) for one in found}


def test_what_quantizes_a_value_goes_with_the_layer_that_reads_it_first_or_gave_it():
    found = pairs(BASELINE, QUANTIZED)
    assert found["conv_1"] == ((), ("image_q", "image_dq", "conv_1"))
    assert list(found) == ["conv_1", "relu_1", "conv_2", "add", "relu_2", "gemm"]


def test_an_activation_that_one_file_alone_has_goes_with_its_layer():
    fused = (
        file_node("conv_1", "FusedConv", "image weight_1", "active_1"),
        file_node("conv_2", "QLinearConv", "active_1 weight_2", "features_2"),
        file_node("add", "Add", "features_2 active_1", "active_2"),
        file_node("gemm", "Gemm", "active_2 weight_3", "logits"),
    )
    assert pairs(BASELINE, fused) == {
        "conv_1": (("relu_1",), ("conv_1",)),
        "conv_2": ((), ("conv_2",)),
        "add": (("relu_2",), ("add",)),
        "gemm": ((), ("gemm",)),
    }


def test_names_of_weights_outlast_an_export_and_go_before_names_of_nodes():
    """Pruned and exported anew, the second convolution has the name that the first one had."""
    model = (
        file_node("conv_0", "Conv", "image weight_1", "features_1"),
        file_node("conv_1", "Conv", "features_1 weight_2", "features_2"),
        file_node("lstm", "LSTM", "nothing", "elsewhere"),
    )
    found = pairs(BASELINE, model, {"conv_1": "a", "conv_2": "b"}, {"conv_0": "a", "conv_1": "b"})
    assert found["conv_1"] == (("relu_1",), ("conv_0",))
    assert found["conv_2"] == (("add", "relu_2", "gemm"), ("conv_1",))
    assert not any("lstm" in theirs for _, theirs in found.values())
