"""The page where a file is taken home: the code beside it, and the offer of the graph that this machine makes of it."""

import re

import pytest

from engine import Target, this_machine
from engine.settings.target import CUDA
from pages._ui.results import optimized_view
from tests.made import BASE, INT8, RECIPE, made_report, made_variant
from tests.made_card_report import CARD, HOST, made_card_report
from tests.pages.test_pages import plain_words

HERE = this_machine().model_copy(update={"cpu": "The host", "versions": {"onnxruntime": "1.99"}})


def code_of(at) -> str:
    (code,) = (block.value for block in at.code if block.language == "python")
    return code


@pytest.mark.parametrize("asked", [None, 1])
def test_the_code_has_the_threads_of_the_recipe_and_not_the_cores_of_this_machine(app, finished, asked):
    recipe = RECIPE.model_copy(update={"target": Target(threads=asked)})
    at_cores = {"target": Target(threads=asked or 2)}
    report = made_report(made_variant(BASE, "Baseline", **at_cores), made_variant(INT8, "INT8", **at_cores))
    run = finished(report.model_copy(update={"recipe": recipe}))
    at = app("pages/results.py", run=run.id, view="Take home", variant=INT8)
    threads = re.findall(r"intra_op_num_threads = (\d+)", code_of(at))
    assert threads == ([] if asked is None else [str(asked)])
    assert "Runs it with numpy, Pillow and onnxruntime alone" in plain_words(at)


def test_the_code_for_a_card_names_the_package_that_has_cuda(app, finished):
    at = app("pages/results.py", run=finished(made_card_report()).id, view="Take home", variant=INT8)
    assert "Runs it with numpy, Pillow and onnxruntime-gpu[cuda,cudnn] alone" in plain_words(at)
    assert CUDA in code_of(at)
    assert f" on {CARD} (host: {HOST})." in plain_words(at)


@pytest.mark.parametrize(("measured_on", "end"), [("The host", ": "), ("A CPU", ", not to A CPU, which the run was ")])
def test_a_saved_graph_belongs_to_the_processor_of_this_machine_and_not_to_that_of_the_run(
    app, finished, monkeypatch, measured_on, end
):
    monkeypatch.setattr(optimized_view, "this_machine", lambda: HERE)
    report = made_report()
    machine = report.environment.model_copy(update={"cpu": measured_on})
    run = finished(report.model_copy(update={"environment": machine}))
    at = app("pages/results.py", run=run.id, view="Take home", variant=INT8)
    assert f"It belongs to this processor (The host) and this onnxruntime 1.99{end}" in plain_words(at)


@pytest.mark.parametrize("card", [CARD, "Tesla T4"])
def test_a_saved_graph_for_a_card_belongs_to_that_of_this_machine(app, finished, monkeypatch, card):
    monkeypatch.setattr(optimized_view, "this_machine", lambda: HERE.model_copy(update={"graphics_cards": (card,)}))
    at = app("pages/results.py", run=finished(made_card_report()).id, view="Take home", variant=INT8)
    other = f", not to {CARD} (host: {HOST}), which the run was measured on" if card != CARD else ""
    assert f"It belongs to this card ({card}) and this onnxruntime 1.99{other}: " in plain_words(at)
