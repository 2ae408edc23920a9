"""The graph of a model on its page: the heaviest layers, the picture of a small graph, and the search in all layers."""

import pytest

from engine import GraphNode, TimmModel
from pages._ui.draft import Draft, to_link
from pages._ui.model.graph_view import MOST_DRAWN, picture
from tests.made import made_profile
from tests.pages.test_pages import words


def node(name, operator="Conv", inputs=(), **changed):
    values = {"output_shape": (1, 8, 16, 16), "weight_bytes": 4_000, "macs": 1_000_000}
    return GraphNode(name=name, operator=operator, inputs=inputs, **(values | changed))


def drawn(app, answer, *graph):
    at = app("pages/model.py", draft=to_link(Draft(model=TimmModel(name="resnet10t", weights="random"))))
    answer(made_profile(graph=graph))
    return at.run()


SMALL = (
    node("stem", macs=3_000_000),
    node("relu", "Relu", ("stem",), macs=0, weight_bytes=0),
    node("head", "Gemm", ("relu",)),
)


def test_the_heaviest_layers_come_first_with_their_share(app, answer):
    at = drawn(app, answer, *SMALL)
    assert not at.exception
    (table,) = [one.value for one in at.table if "Share" in one.value.columns]
    assert table["Layer"].tolist() == ["stem", "head"]
    assert table["Share"].tolist() == ["75 %", "25 %"]
    assert "weights by operator: Conv 4.00 kB, Gemm 4.00 kB" in words(at)


def test_every_layer_is_found_by_a_part_of_its_name_or_operator(app, answer):
    at = drawn(app, answer, *SMALL)
    at.text_input(key="layer-search").input("RELU").run()
    (table,) = [one.value for one in at.dataframe if "Reads from" in one.value.columns]
    assert table["Layer"].tolist() == ["relu"]
    at.text_input(key="layer-search").input("lstm").run()
    assert "No layer's name or operator holds “lstm”" in words(at)


@pytest.mark.parametrize(("n_nodes", "is_drawn"), [(MOST_DRAWN, True), (MOST_DRAWN + 1, False)])
def test_a_small_graph_is_drawn_and_a_large_one_is_a_table(app, answer, n_nodes, is_drawn):
    at = drawn(app, answer, *(node(f"n{number}") for number in range(n_nodes)))
    assert bool(at.get("graphviz_chart")) == is_drawn
    assert at.dataframe


def test_names_of_a_file_mean_nothing_in_the_picture():
    """They come from strangers: a quote must not end a label."""
    text = picture((node("a", 'Evil"]; b [URL="http://example.org'), node("b", "Back\\slash", ("a",))))
    assert text.count("label=\"Evil']; b [URL='http://example.org\\n") == 1
    assert '"Back/slash\\n' in text
    assert "n0 -> n1;" in text
