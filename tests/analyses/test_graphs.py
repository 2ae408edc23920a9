"""The graphs of two files side by side: matched, in the baseline's blocks, and folded where they are huge."""

import onnx
import pytest
from onnx import helper

from engine.analyses.graphs import MOST_IN_BLOCK, MOST_NODES, folded, graphs
from engine.jobs.kinds import kind_of
from engine.settings import FileModel
from engine.settings.graph_jobs import GraphsRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.made_graphs import made_node
from tests.models.small import Shape, small_classifier


@pytest.fixture
def compared(tmp_path):
    """The graphs of two files, with the shape that the first input may have."""

    def compare(baseline, model, shape=None):
        files = []
        for name, proto in (("baseline", baseline), ("model", model)):
            onnx.save(proto, tmp_path / f"{name}.onnx")
            files.append(FileModel(path=str(tmp_path / f"{name}.onnx"), sha256=name[0].replace("m", "a") * 64))
        events = []
        request = GraphsRequest(baseline=files[0], model=files[1], input_shape=shape)
        result = graphs(request, JobFolder(tmp_path), Progress(events.append))
        assert [event.fraction for event in events] == sorted(event.fraction for event in events)
        return result

    return compare


def with_relu():
    """The small classifier with a Relu behind its Conv, whose input's height and width are open."""
    proto = small_classifier(Shape(image=("batch", 3, "height", "width")))
    proto.graph.node[0].output[0] = "raw"
    proto.graph.node.insert(1, helper.make_node("Relu", ["raw"], ["features"]))
    return proto


def test_nodes_without_names_are_matched_and_have_shapes_of_the_asked_input(compared):
    found = compared(with_relu(), small_classifier(Shape(image=("batch", 3, "height", "width"))), (3, 8, 8))
    assert found.partners[0].baseline == ("Conv_raw", "Relu_features")
    assert found.partners[0].model == ("Conv_features",)
    assert [node.output_shape for node in found.baseline.nodes[:2]] == [(1, 4, 6, 6)] * 2
    assert not found.model.is_folded


def test_a_shape_that_does_not_fit_the_file_is_not_used(compared):
    """As (3, 224, 224) of a file whose channels come last: no shape is better than a wrong one."""
    found = compared(with_relu(), with_relu(), (8, 8, 3))
    assert found.baseline.nodes[0].output_shape is None


def test_a_block_of_very_many_nodes_is_drawn_in_parts_and_so_are_their_partners(compared):
    proto = with_relu()
    for number in range(MOST_IN_BLOCK):
        proto.graph.node.append(
            helper.make_node("Relu", ["logits" if not number else f"r{number}"], [f"r{number + 1}"])
        )
    found = compared(proto, proto)
    assert {node.block for node in found.baseline.nodes} == {"part 1", "part 2"}
    assert [node.block for node in found.model.nodes] == [node.block for node in found.baseline.nodes]


@pytest.mark.parametrize("n_blocks", [7, 9_000])
def test_too_many_nodes_are_folded_and_nothing_of_them_is_lost(n_blocks):
    """Within their blocks, or across them where nearly every node has one of its own."""
    n_nodes = 3 * MOST_NODES
    order = sorted(range(n_nodes), key=lambda number: number % n_blocks)
    nodes = [
        made_node(f"n{number}", "Relu", f"n{order[place - 1]}", block=f"b{number % n_blocks}", weight_bytes=1)
        for place, number in enumerate(order)
    ]
    graph, names = folded(nodes)
    assert len(graph.nodes) <= MOST_NODES
    assert graph.n_nodes == n_nodes
    assert sum(node.weight_bytes for node in graph.nodes) == n_nodes
    assert set(names.values()) == {node.name for node in graph.nodes}
    assert all(set(node.inputs) <= set(names.values()) for node in graph.nodes)
    assert graph.nodes[0].operator == "6 nodes"


def test_two_runs_with_the_same_files_share_one_result():
    """The key goes by the files' sums, wherever they lie."""

    def key(run, end):
        baseline, model = FileModel(path=f"{run}/a.onnx", sha256="a" * 64), FileModel(path="b.onnx", sha256=end * 64)
        request = GraphsRequest(baseline=baseline, model=model)
        return kind_of(request).key(request)

    assert key("one", "b") == key("two", "b") != key("two", "c")
