"""A race across runtimes: each file at each target, and a winner that is a pair of both."""

from dataclasses import replace

import pytest

from engine.errors import RunError
from engine.measure.latency import PairedLatency
from engine.models.artifacts import variant_key
from engine.runtimes import RaceTarget, available_providers
from engine.search import workspace
from engine.search.context import RaceContext
from engine.search.race import race
from engine.search.workspace import Workspace
from engine.settings import Budget, QuantizeAuto, Target
from engine.settings.target import CUDA
from tests.made import made_latency
from tests.made_contexts import made_context
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given

AUTO = QuantizeAuto(calibration_images=32, mixed_precision=False)
HERE = RaceTarget("onnxruntime", Target(threads=1))
THERE = RaceTarget("OpenVINO f32", Target(runtime="openvino", precision="f32", threads=1), is_first=False)


@pytest.fixture
def raced(tmp_path, monkeypatch):
    """Races the spoilt model, where a file takes the share of FP32's time that is given for its target."""

    def run(ratios, there=THERE, **budget):
        def measure(models, baseline, target, inputs, on_round, n_rounds, deadline, targets):
            at = {key: targets[key].runtime for key in models if key in targets}
            is_fp32 = {key: path.path.name.startswith(model.key[:12]) for key, path in models.items()}
            return {
                key: PairedLatency(made_latency(1.0, ratios[at[key], is_fp32[key]] if key in at else 1.0), None)
                for key in models
            }

        monkeypatch.setattr("engine.measure.timing.measure_latency", measure)
        model, bare = given(spoilt_graph(), tmp_path)
        context = made_context(RaceContext, bare.data, bare.folder, race_targets=(HERE, there), budget=Budget(**budget))
        return model, race(model, AUTO, context)

    return run


ANYTHING = {"max_accuracy_drop": None}
SLOW = {("onnxruntime", False): 1.2, ("openvino", False): 1.2, ("onnxruntime", True): 1.0, ("openvino", True): 0.9}


def test_fp32_in_another_runtime_wins_where_nothing_is_faster_and_the_file_stays_as_it_was(raced):
    model, outcome = raced(SLOW | {("openvino", True): 0.5}, **ANYTHING)
    winner = outcome.search.winner
    assert (winner.trial.name, winner.settings, winner.at) == ("FP32, OpenVINO f32", None, THERE)
    assert outcome.model.key == model.key
    assert outcome.model.path.read_bytes() == model.path.read_bytes()
    assert outcome.search.winner_key == variant_key(model.key, THERE)
    assert "times as fast as FP32 in onnxruntime" in outcome.search.reason.text


@pytest.mark.skipif(CUDA in available_providers()["onnxruntime"], reason="this machine has the CUDA provider")
def test_a_card_that_multiplies_in_tf32_may_race_and_is_left_out_where_there_is_none(raced):
    _, outcome = raced(SLOW, RaceTarget("CUDA", Target(provider=CUDA, threads=1), is_first=False), **ANYTHING)
    assert any(note.text.startswith("FP32 does not run in CUDA") for note in outcome.notes)


def test_a_quantized_file_wins_at_the_target_where_it_is_fast(raced):
    _, outcome = raced(SLOW | {("openvino", False): 0.4}, **ANYTHING)
    winner = outcome.search.winner
    assert (winner.at, winner.settings.technique) == (THERE, "quantize")
    assert winner.trial.name.endswith(", OpenVINO f32")
    here = [one for one in outcome.search.candidates if one.model.key == winner.model.key]
    assert {one.at for one in here} >= {THERE}
    assert outcome.model.key == winner.model.key != winner.key


def test_every_method_is_timed_at_every_target_and_refinements_where_the_best_is(raced):
    _, outcome = raced(SLOW | {("openvino", False): 0.4}, **ANYTHING)
    names = {one.trial.name for one in outcome.search.candidates}
    assert {"Static INT8, onnxruntime", "Static INT8, OpenVINO f32"} <= names
    assert "Static INT8, per tensor, OpenVINO f32" in names
    assert "Static INT8, per tensor, onnxruntime" not in names
    assert len({one.key for one in outcome.search.candidates}) == len(names)


def test_what_is_chosen_while_a_file_is_made_is_chosen_at_the_target_that_it_is_made_for(raced, monkeypatch):
    def build(calibrator, settings, isa, path, judges, target, **more):
        made_for[target.runtime, settings.per_channel] = True
        return build_static(calibrator, settings, isa, path, judges, target, **more)

    made_for: dict[tuple[str, bool], bool] = {}
    build_static = workspace.build_static
    monkeypatch.setattr(workspace, "build_static", build)
    raced(SLOW | {("openvino", False): 0.4}, **ANYTHING)
    assert set(made_for) == {("onnxruntime", True), ("openvino", True), ("openvino", False)}


def test_the_ratio_of_fp32_elsewhere_is_no_success_where_it_is_slower(raced):
    _, outcome = raced(SLOW | {("openvino", True): 1.1}, **ANYTHING)
    assert outcome.search.winner_key is None
    assert outcome.search.reason.code == "race_nothing_faster"


def test_with_one_target_nothing_is_named_after_it(raced, tmp_path, monkeypatch):
    model, bare = given(spoilt_graph(), tmp_path / "alone")
    context = made_context(RaceContext, bare.data, bare.folder, budget=Budget(max_accuracy_drop=None))
    monkeypatch.setattr(
        "engine.measure.timing.measure_latency",
        lambda models, *args, **more: {key: PairedLatency(made_latency(1.0, 1.0), None) for key in models},
    )
    outcome = race(model, AUTO, replace(context, race_targets=()))
    assert not any("onnxruntime" in one.trial.name for one in outcome.search.candidates)
    assert "as fast as FP32 (" in outcome.search.reason.text


def test_a_file_that_does_not_run_elsewhere_is_named_and_races_where_it_does(raced, monkeypatch):
    def score(self, plan, *args):
        if self.at == THERE:
            raise RunError("it has no such operator")
        return real(self, plan, *args)

    real = Workspace.score
    monkeypatch.setattr(Workspace, "score", score)
    _, outcome = raced(SLOW | {("onnxruntime", False): 0.4}, **ANYTHING)
    texts = [note.text for note in outcome.notes if note.code == "candidate_failed"]
    assert "FP32 does not run in OpenVINO f32: it has no such operator" in texts
    assert "Static INT8 does not run in OpenVINO f32: it has no such operator" in texts
    assert {one.at for one in outcome.search.candidates} == {HERE}
    assert outcome.search.winner.at == HERE
