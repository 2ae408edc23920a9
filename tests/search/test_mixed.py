"""Mixed precision: the layer that loses the most goes back to float, and no more than needed."""

import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from engine.measure.predictions import predict
from engine.results import Note
from engine.runtimes import RaceTarget
from engine.search.mixed import restore_layers
from engine.search.search_space import Plan
from engine.search.workspace import Workspace
from engine.settings import QuantizeDynamic, QuantizeStatic
from engine.techniques.quantize import Calibrator, JudgeSet, fold
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given

WHY = Note(code="why", text="why")


@pytest.fixture
def workspace(tmp_path):
    model, context = given(spoilt_graph(), tmp_path)
    images = context.data.split("calibration")
    judges = images.span(16, 32)
    calibrator = Calibrator(model, fold(model, tmp_path, images), images, 16, tmp_path, context.on_progress)
    answers = predict(model, judges, context.target).answers
    return Workspace(
        context=context,
        base=model,
        calibrator=calibrator,
        judges=JudgeSet(judges, answers),
        reference=answers,
        fp32_mb=1.0,
        at=RaceTarget("", context.target),
    )


def spoilt_entrant(workspace):
    settings = QuantizeStatic(method="static", per_channel=False, activations="unsigned")
    return workspace.build(Plan("Static INT8", settings, WHY))


def test_the_most_sensitive_layer_alone_goes_back_to_float(workspace):
    failed = spoilt_entrant(workspace)
    said = []
    mended = restore_layers(
        workspace, failed, lambda one: one.sqnr_db > failed.sqnr_db + 6, lambda share, text: said.append(text)
    )
    assert mended is not None
    assert mended.plan.settings.float_nodes == ("Conv for b",)
    assert mended.name == "Static INT8, 1 more layer in float"
    assert mended.model.path.exists()
    assert "layer 1 of 3" in said[1]
    kept = {path.name for path in workspace.context.folder.iterdir()}
    assert kept == {failed.model.path.name, mended.model.path.name}


def test_a_mixture_has_the_name_of_its_target_once(workspace):
    there = replace(workspace, at=RaceTarget("OpenVINO f32", workspace.context.target, is_first=False))
    failed = spoilt_entrant(there)
    mended = restore_layers(there, failed, lambda one: one.sqnr_db > failed.sqnr_db + 6, partial(hear, []))
    assert mended.name == "Static INT8, 1 more layer in float, OpenVINO f32"


def hear(said, share, text):
    said.append(text)


def test_a_mixture_that_comes_to_the_file_of_a_candidate_leaves_that_file_alone(workspace):
    """Its first layer is in float, and so it is in every mixture: one of them has the same bytes."""
    settings = QuantizeStatic(method="static", float_first=1, bias_correction=False)
    first = workspace.build(Plan("Static INT8, first 1 in float", settings, WHY))
    named = settings.model_copy(update={"float_first": 0, "float_nodes": ("Conv for a",)})
    twin = workspace.build(Plan("Twin", named, WHY))
    assert twin.model.path == first.model.path
    bare = workspace.build(Plan("Static INT8", settings.model_copy(update={"float_first": 0}), WHY))
    for failed, n_layers in ((first, 2), (bare, 3)):
        said = []
        only_all = partial(lambda n, one: len(one.plan.settings.float_nodes) == n, n_layers)
        assert restore_layers(workspace, failed, only_all, partial(hear, said)) is None
        assert f"layer {n_layers} of {n_layers}" in " ".join(said)
        assert first.model.path.exists()


def test_none_where_not_even_all_layers_are_enough_and_none_for_another_method(workspace):
    failed, said = spoilt_entrant(workspace), []
    assert restore_layers(workspace, failed, lambda one: False, lambda share, text: said.append(text)) is None
    assert said == ["all layers back in float: whether that is enough"]
    dynamic = replace(failed, plan=Plan("Dynamic INT8", QuantizeDynamic(method="dynamic"), WHY))
    assert restore_layers(workspace, dynamic, lambda one: True, lambda share, text: None) is None


def test_the_ranking_leaves_time_to_find_how_many_layers_it_takes(workspace, monkeypatch):
    """Every file takes an hour: one says whether it is enough, some rank the layers, and one of the rest wins."""
    failed, now = spoilt_entrant(workspace), SimpleNamespace(time=0.0)
    build = Workspace.build

    def in_an_hour(self, plan):
        now.time += 3600
        return build(self, plan)

    monkeypatch.setattr(Workspace, "build", in_an_hour)
    monkeypatch.setattr("engine.search.workspace.time", SimpleNamespace(monotonic=lambda: now.time))
    for hours, n_ranked in ((9, 3), (4, 2)):
        now.time, said = time.monotonic(), []
        in_time = replace(workspace, context=replace(workspace.context, deadline=now.time + 3600 * hours))
        mended = restore_layers(in_time, failed, lambda one: one.sqnr_db > failed.sqnr_db + 6, partial(hear, said))
        assert mended is not None
        assert mended.plan.settings.float_nodes == ("Conv for b",)
        assert sum("how much it loses" in text for text in said) == n_ranked


def test_it_ends_at_the_deadline(workspace):
    failed = spoilt_entrant(workspace)
    late = replace(workspace, context=replace(workspace.context, deadline=time.monotonic()))
    assert restore_layers(late, failed, lambda one: True, lambda share, text: None) is None
    assert np.isfinite(failed.sqnr_db)
