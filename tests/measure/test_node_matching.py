"""Nodes of two graphs that compute the same, whatever the runtime fused and called otherwise."""

from engine.measure.node_matching import FileNode, covered_names, match_nodes
from engine.results.time_profile import NodeTime


def file_node(name: str, operator: str, inputs: str, output: str) -> FileNode:
    return FileNode(name, operator, tuple(inputs.split()), (output,))


def ran(name: str, operator: str, *originals: str, ms: float = 1.0) -> NodeTime:
    return NodeTime(name=name, operator=operator, ms=ms, originals=originals)


BASELINE = (
    file_node("conv_1", "Conv", "image weight_1", "features_1"),
    file_node("relu_1", "Relu", "features_1", "active_1"),
    file_node("conv_2", "Conv", "active_1 weight_2", "features_2"),
    file_node("add", "Add", "features_2 active_1", "sum"),
    file_node("relu_2", "Relu", "sum", "active_2"),
    file_node("gemm", "Gemm", "active_2 weight_3", "logits"),
)
QUANTIZED = (
    file_node("image_q", "QuantizeLinear", "image", "image_8"),
    file_node("image_dq", "DequantizeLinear", "image_8", "image_f"),
    file_node("conv_1", "Conv", "image_f weight_1", "features_1"),
    file_node("relu_1", "Relu", "features_1", "active_1"),
    file_node("conv_2", "Conv", "active_1 weight_2", "features_2"),
    file_node("add", "Add", "features_2 active_1", "sum"),
    file_node("relu_2", "Relu", "sum", "active_2"),
    file_node("gemm", "Gemm", "active_2 weight_3", "logits"),
)


def sides(rows):
    return {row.name: ([one.name for one in row.baseline], [one.name for one in row.model]) for row in rows}


def test_a_fused_node_has_what_follows_it_and_one_with_the_name_of_its_last_part_what_precedes_it():
    nodes = (
        ran("active_1_nchwc", "Conv", "active_1"),
        ran("features_2", "Conv", "features_2"),
        ran("gemm", "Gemm", "gemm"),
    )
    assert covered_names(nodes, BASELINE) == [{"conv_1", "relu_1"}, {"conv_2", "add", "relu_2"}, {"gemm"}]


def test_what_another_node_is_named_after_is_not_taken_from_it():
    nodes = (ran("conv_1", "Conv", "conv_1"), ran("relu_1", "Relu", "relu_1"), ran("active_2", "Conv", "active_2"))
    assert covered_names(nodes, BASELINE)[:2] == [{"conv_1"}, {"relu_1"}]
    assert {"conv_2", "add", "relu_2"} <= covered_names(nodes, BASELINE)[2]


def test_rows_have_the_nodes_of_both_files_the_heaviest_first_and_say_where_there_is_no_match():
    baseline = (
        ran("active_1_nchwc", "Conv", "active_1", ms=2.0),
        ran("active_2_nchwc", "Conv", "active_2", ms=5.0),
        ran("ReorderOutput", "ReorderOutput", "ReorderOutput", ms=0.1),
        ran("gemm", "Gemm", "gemm", ms=1.0),
    )
    model = (
        ran("image_q", "QuantizeLinear", "image_q", ms=0.3),
        ran("conv_1_token_3", "QLinearConv", "conv_1", ms=0.5),
        ran("conv_2_token_4", "QLinearConv", "conv_2", ms=1.0),
        ran("add", "QLinearAdd", "add", ms=0.4),
        ran("gemm", "QGemm", "gemm", ms=0.2),
    )
    rows = match_nodes(baseline, BASELINE, model, QUANTIZED)
    assert sides(rows) == {
        "conv_2": (["active_2_nchwc"], ["conv_2_token_4", "add"]),
        "conv_1": (["active_1_nchwc"], ["conv_1_token_3"]),
        "gemm": (["gemm"], ["gemm"]),
        "image_q": ([], ["image_q"]),
        "ReorderOutput": (["ReorderOutput"], []),
    }
    assert [row.name for row in rows] == ["conv_2", "conv_1", "gemm", "image_q", "ReorderOutput"]
    assert rows[0].model_ms == 1.4
    assert [row.is_matched for row in rows] == [True, True, True, False, False]


def test_an_equal_name_of_another_operator_is_no_match():
    other = (file_node("conv_1", "MatMul", "image weight_1", "features_1"),)
    rows = match_nodes((ran("conv_1", "Conv", "conv_1"),), BASELINE, (ran("conv_1", "MatMul", "conv_1"),), other)
    assert [row.is_matched for row in rows] == [False, False]
    assert len(rows) == 2
