"""The names of variants, which tell apart what a page or a table shows side by side."""

from dataclasses import replace

import onnx
import pytest

from engine.models.graph import read_onnx
from engine.run.report_builder import ReportBuilder
from engine.settings import QuantizeDynamic, Recipe
from engine.store.folders import JobFolder, now
from tests.models.small import small_classifier

LABEL = QuantizeDynamic.label


@pytest.fixture
def add(tmp_path):
    """Adds a variant of its own to a report, in the chain of this number, and returns its label."""
    onnx.save(small_classifier(), tmp_path / "model.onnx")
    model = read_onnx(tmp_path / "model.onnx")
    recipe = Recipe.parse({"model": {"kind": "sample"}, "data": {"kind": "sample"}})
    builder = ReportBuilder(recipe, JobFolder(tmp_path / "run"), "a" * 12, now())

    def add(key, label, branch=0, *, candidate=False):
        return builder.add_variant(
            replace(model, key=key * 12),
            parent_id=None,
            branch=branch,
            number=0,
            step=QuantizeDynamic(method="dynamic"),
            label=label,
            notes=(),
            seconds=0.0,
            candidate=candidate,
        ).label

    add("a", "Baseline")
    return add


def test_a_winner_keeps_its_name_where_only_candidates_have_it_too(add):
    assert add("b", LABEL, candidate=True) == LABEL
    assert add("c", "Static INT8", candidate=True) == "Static INT8"
    assert add("b", LABEL) == LABEL


def test_a_winner_that_takes_the_name_of_a_losing_candidate_keeps_it(add):
    add("b", LABEL, candidate=True)
    add("c", "Static INT8", candidate=True)
    assert add("c", LABEL) == LABEL


def test_two_steps_of_one_name_are_told_apart(add):
    assert add("b", LABEL) == LABEL
    add("c", LABEL, 1, candidate=True)
    assert add("c", LABEL, 1) == f"{LABEL} (chain 2)"
