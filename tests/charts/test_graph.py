"""Graphs as boxes: by block or node by node, coloured, with what was found and chosen."""

import pytest

from engine import charts
from engine.charts import (
    bytes_colouring,
    error_colouring,
    found_nodes,
    graph_alt,
    graph_drawings,
    partners_of,
    time_colouring,
)
from tests.made_graphs import made_graph_errors, made_graph_times, made_graphs

GRAPHS = made_graphs()


def boxes(side="baseline", colouring=None, **asked):
    drawings = graph_drawings(GRAPHS, colouring or bytes_colouring(GRAPHS), **({"chosen": {}} | asked))
    return {box.id: box for box in drawings[side].boxes}, drawings[side]


def test_closed_blocks_are_boxes_with_the_sum_of_their_nodes_and_lines_between_them():
    by_id, drawing = boxes()
    assert list(by_id) == ["node stem", "node stem.relu", "block layer1", "block layer2"]
    assert by_id["block layer1"].lines == ("layer1", "4 nodes", "20.0 kB")
    assert drawing.lines == (
        ("node stem", "node stem.relu"), ("node stem.relu", "block layer1"), ("block layer1", "block layer2"),
    )  # fmt: skip


def test_an_opened_block_shows_its_nodes_through_what_it_alone_contains_in_both_files():
    for side, n_open in (("baseline", 4), ("model", 4)):
        by_id, _ = boxes(side, opened="layer1")
        assert len([id for id in by_id if id.startswith("node layer1.0.")]) == n_open
        assert "block layer2" in by_id
    assert not any(box.is_block for box in boxes(opened=charts.EVERYTHING)[0].values())


def test_colours_go_by_the_most_in_either_file():
    (ours, _), (theirs, _) = (boxes(side, opened="*") for side in ("baseline", "model"))
    assert ours["node layer2.0.conv1"].heat == 1.0
    assert theirs["node layer2.0.conv1.weight_dq"].heat == pytest.approx(0.5)  # the root of a quarter
    assert ours["node stem.relu"].heat == 0.0
    assert ours["node stem.relu"].lines == ("Relu", "1×8×16×16")


def test_a_fused_node_has_its_time_once_and_what_the_runtime_adds_is_told():
    colouring = time_colouring(made_graph_times())
    assert colouring.baseline == {"stem": 1.0, "layer1.0.conv1": 2.0, "layer1.0.conv2": 3.0, "layer2.0.conv1": 4.0}
    assert boxes(colouring=colouring)[0]["block layer1"].lines[-1] == "5.00 ms"
    assert "0.250 ms" in colouring.note


def test_errors_colour_the_layer_in_both_files_and_a_block_by_its_worst():
    colouring = error_colouring(made_graph_errors(), GRAPHS)
    assert colouring.baseline == {"stem": 40.0, "layer1.0.conv1": 30.0, "layer1.0.conv2": 20.0}
    assert colouring.model == colouring.baseline  # at the Conv, and not at what dequantizes its weights
    for side in ("baseline", "model"):
        by_id, drawing = boxes(side, colouring)
        assert (by_id["block layer1"].heat, by_id["block layer1"].lines[-1]) == (1.0, "20.0 dB")
        assert by_id["node stem"].heat == 0.0
        assert by_id["block layer2"].heat == 0.0
        assert "error worst in: layer1 20.0 dB" in graph_alt(drawing, "Either", colouring)


def test_what_is_found_and_chosen_is_marked_in_nodes_and_in_the_blocks_that_hold_them():
    by_id, _ = boxes(found="CONV2", chosen={"baseline": ("stem",)})
    assert [id for id, box in by_id.items() if box.is_found] == ["block layer1"]
    assert [id for id, box in by_id.items() if box.is_chosen] == ["node stem"]
    assert [node.name for node in found_nodes(GRAPHS.baseline, " relu ")][:1] == ["stem.relu"]
    assert found_nodes(GRAPHS.baseline, " ") == ()


def test_partners_are_found_from_either_side():
    assert partners_of(GRAPHS, "baseline", "stem.relu") is partners_of(GRAPHS, "model", "stem.weight_dq")
    assert partners_of(GRAPHS, "model", "logits_q") is None


def test_a_graph_says_in_words_where_the_most_is():
    _, drawing = boxes()
    text = graph_alt(drawing, "Baseline", bytes_colouring(GRAPHS))
    assert text == "Graph of Baseline, 4 boxes; weights most in: layer1 20.0 kB, layer2 16.0 kB, stem 4.00 kB"
