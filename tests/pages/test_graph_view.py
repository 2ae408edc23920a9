"""The Graph view of a run: offered, followed, searched, chosen from, coloured, and found again by its address."""

import hashlib

import pytest

from engine import RequestError, list_jobs
from pages._ui.results import graph_view
from tests.made import BASE, INT8, made_report, made_variant
from tests.made_graphs import made_graph_errors, made_graph_times, made_graphs
from tests.pages.test_pages import button, plain_words, words


@pytest.fixture
def run(finished):
    """A finished run whose files have the sums of its report."""
    variants = [
        made_variant(id, label, sha256=hashlib.sha256(id.encode()).hexdigest())
        for id, label in ((BASE, "Baseline"), (INT8, "Static INT8"))
    ]
    return finished(made_report(*variants)).id


@pytest.fixture
def graph(app, run, answer):
    """Opens the view where both graphs are known, with more of its address."""
    button(app("pages/results.py", run=run, view="Graph"), "Draw both graphs").click().run()
    answer(made_graphs())
    return lambda **address: app("pages/results.py", run=run, view="Graph", **address)


def table(at):
    return next(one.value for one in at.table if "Block" in one.value.columns)


def test_one_press_draws_both_graphs_and_their_address_finds_them(app, run, answer):
    at = app("pages/results.py", run=run, view="Graph")
    button(at, "Draw both graphs").click().run()
    assert not at.exception
    assert [job.kind for job in list_jobs("graphs")] == ["graphs"]
    assert "Reading both files" in words(at)
    answer(made_graphs())
    at = app("pages/results.py", run=run, view="Graph", variant=INT8)
    assert "Press a node, or search for one" in words(at)
    assert at.get("bidi_component")


def test_the_address_chooses_a_node_whose_partners_stand_beside_it(graph):
    rows = table(graph(node="baseline stem.relu"))
    assert rows["File"].tolist() == ["Baseline", "Baseline", "Static INT8", "Static INT8"]
    assert rows["Weights"].tolist() == ["4.00 kB", "–", "1.00 kB", "–"]
    assert "has no node that computes the same" in plain_words(graph(node="model logits_q"))
    assert "Press a node" in words(graph(node="baseline nothing"))


def test_a_search_offers_nodes_and_one_press_chooses_one_and_opens_its_block(graph):
    at = graph(detail="Blocks", nodes="conv2")
    hits = next(one for one in at.get("button_group") if "hits" in (one.key or ""))
    assert len(hits.options) == 2 + 1  # a Conv and its Relu, and what dequantizes its weights; the Conv is in both
    hits.set_value("baseline layer1.0.conv2").run()
    assert at.query_params["node"] == "baseline layer1.0.conv2"
    assert at.query_params["open"] == "layer1.0"
    button(at, "All blocks").click().run()
    assert "open" not in at.query_params
    assert "No node's name or operator holds “lstm”" in plain_words(graph(nodes="lstm"))


def test_time_is_a_colour_once_it_is_measured(graph, answer):
    at = graph(node="baseline stem")
    assert "Time" not in table(at).columns
    button(at, "Measure time").click().run()
    assert not at.exception
    answer(made_graph_times())
    at = graph(node="baseline stem", colour="Time")
    assert "Measure time" not in [one.label for one in at.button]
    assert table(at)["Time"].tolist() == ["1.00 ms", "–", "–", "0.500 ms"]


def test_errors_are_a_colour_once_the_layers_are_compared(graph, answer):
    at = graph(node="baseline stem")
    button(at, "Compare the layers").click().run()
    assert not at.exception
    assert "Compare the layers" not in [one.label for one in at.button]  # its progress stands there
    answer(made_graph_errors())
    at = graph(node="baseline stem", colour="Error")
    assert table(at)["Error"].tolist() == ["40.0 dB", "–", "–", "40.0 dB"]
    assert "the worst in the strongest" in plain_words(at)


def test_what_cannot_be_measured_of_a_variant_is_no_colour_and_the_graphs_are_drawn(graph, monkeypatch):
    """As the layers of a student, which is another network than the baseline."""

    def refused(id, variant):
        raise RequestError("another network", "Choose another variant")

    monkeypatch.setattr(graph_view, "find_layer_errors", refused)
    at = graph()
    assert at.get("bidi_component")
    labels = [one.label for one in at.button]
    assert "Measure time" in labels
    assert "Compare the layers" not in labels
