"""The page where a file is taken home: the code beside it, and the offer of the graph that this machine makes of it."""

import re

import pytest

from engine import Target
from engine.settings.target import CUDA
from tests.made import BASE, INT8, RECIPE, made_report, made_variant
from tests.made_card_report import made_card_report
from tests.pages.test_pages import plain_words


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
