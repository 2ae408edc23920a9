"""Chains: what they share is computed once, and what was finished before a step that fails stays."""

import errno
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engine import runner
from engine.context import Outcome
from engine.planning.timeline import timeline
from engine.run.progress import REUSED
from engine.run.registry import STEPS
from engine.run.step_runner import StepRunner
from engine.settings import QuantizeWeights, RunRequest, Simplify, parse_recipe
from engine.store.folders import JobFile, JobFolder, now
from tests.conftest import carry_out

BRANCHES = "branches: [[{technique: simplify}, {technique: quantize, method: weights}], [{technique: simplify}]]"
CHAIN = "steps: [{technique: simplify}, {technique: quantize, method: weights}]"


def recipe(text):
    return parse_recipe("model: {kind: sample}\ndata: {kind: sample}\n" + text)


@pytest.fixture
def counted(monkeypatch):
    """How often the steps are really done, by technique."""
    done = []
    for kind in (Simplify, QuantizeWeights):
        monkeypatch.setitem(STEPS, kind, _counting(STEPS[kind], done))
    return done


def _counting(step, done):
    def count(model, settings, context):
        done.append(settings.technique)
        return step(model, settings, context)

    return count


def test_what_chains_begin_with_is_done_once_and_a_changed_last_step_does_only_itself(ready_home, tmp_path, counted):
    first = carry_out(recipe(BRANCHES), tmp_path / "first", ready_home).report
    assert counted == ["simplify", "quantize"]
    assert [variant.label for variant in first.variants] == ["Baseline", "Simplified", "Simplified + 8-bit weights"]
    assert [variant.id for variant in first.lineage(first.variants[-1].id)] == [v.id for v in first.variants]
    changed = recipe(CHAIN.replace("weights}", "weights, convolutions: false}"))
    again = carry_out(changed, tmp_path / "again", ready_home).report
    assert counted == ["simplify", "quantize", "quantize"]
    assert [variant.sha256 for variant in again.variants[:2]] == [variant.sha256 for variant in first.variants[:2]]


def test_every_step_of_a_chain_tells_where_it_is(ready_home, tmp_path):
    ran = carry_out(recipe(CHAIN), tmp_path / "run", ready_home)
    told = list(dict.fromkeys(event.step for event in ran.events))
    assert told == ["start", "baseline", "chain 1, step 1: simplify", "chain 1, step 2: quantize", "all variants"]
    fractions = [event.fraction for event in ran.events]
    assert fractions == sorted(fractions)


def test_a_step_that_chains_share_is_told_of_once_and_what_was_there_is_told_as_such(ready_home, tmp_path):
    three = recipe(BRANCHES.removesuffix("]") + ", [{technique: quantize, method: weights}]]")
    first, again = (carry_out(three, tmp_path / name, ready_home).events for name in ("first", "again"))
    steps = ["chain 1, step 1: simplify", "chain 1, step 2: quantize", "chain 3, step 1: quantize"]
    for events in (first, again):
        assert list(dict.fromkeys(event.step for event in events)) == ["start", "baseline", *steps, "all variants"]
    assert [event.step for event in first if event.message == REUSED] == ["baseline"]
    assert [event.step for event in again if event.message == REUSED] == ["baseline", *steps]


def test_the_timeline_of_a_run_is_told_by_its_events(ready_home, tmp_path):
    ran = carry_out(recipe(BRANCHES), tmp_path / "run", ready_home)
    parts = timeline(ran.report.recipe, ran.events, "done")
    assert [(part.state, part.fraction) for part in parts] == [("done", 1.0)] * 5
    assert all(part.message and part.seconds is not None for part in parts)
    until = {step: index for index, step in enumerate(event.step for event in ran.events)}
    begun = ran.events[: until["chain 1, step 1: simplify"] + 1]
    assert [part.state for part in timeline(ran.report.recipe, begun, "running")] == [
        "done",
        "done",
        "running",
        "waiting",
        "waiting",
    ]


def test_a_chain_that_ends_early_leaves_its_share_to_the_others(ready_home, tmp_path, monkeypatch):
    monkeypatch.setitem(STEPS, QuantizeWeights, spoilt)
    events = carry_out(recipe(CHAIN), tmp_path / "run", ready_home).events
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def spoilt(model, settings, context):
    """The same graph, whose last layer has weights that are no numbers."""
    proto = onnx.load(model.path)
    last = next(node for node in proto.graph.node if proto.graph.output[0].name in node.output)
    weight = next(one for one in proto.graph.initializer if one.name in last.input)
    values = numpy_helper.to_array(weight).copy()
    values.flat[:] = np.nan
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(proto, context.folder / "model.onnx")
    return Outcome(model=replace(model, path=context.folder / "model.onnx"))


def test_a_step_whose_answers_are_no_numbers_ends_its_chain_and_leaves_no_variant(ready_home, tmp_path, monkeypatch):
    monkeypatch.setitem(STEPS, QuantizeWeights, spoilt)
    ran = carry_out(recipe(CHAIN), tmp_path / "run", ready_home)
    (failure,) = ran.report.failures
    assert (failure.code, failure.step) == ("not_finite", 1)
    assert failure.message.startswith(
        "step 2 of 2 (quantize) failed after simplify: the model's outputs are not finite"
    )
    assert [variant.label for variant in ran.report.variants] == ["Baseline", "Simplified"]
    assert {folder.name for folder in ran.folder.variants.iterdir()} == {v.id for v in ran.report.variants}
    assert all(variant.latency and variant.accuracy for variant in ran.report.variants)
    assert ran.report.recommended.id in {variant.id for variant in ran.report.variants}


def raising(exception):
    def step(model, settings, context):
        raise exception

    return step


SIMPLIFY_LAST = "branches: [[{technique: quantize, method: weights}], [{technique: simplify}]]"


def test_what_nobody_foresaw_ends_its_chain_alone(ready_home, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(STEPS, QuantizeWeights, raising(KeyError("secret")))
    ran = carry_out(recipe(SIMPLIFY_LAST), tmp_path / "run", ready_home)
    (failure,) = ran.report.failures
    assert (failure.code, failure.branch, failure.step) == ("unexpected", 0, 0)
    assert failure.message == "step 1 of 1 (quantize) failed: something that was not foreseen went wrong (KeyError)"
    assert "log" in failure.next
    assert "KeyError: 'secret'" in capsys.readouterr().err
    assert (ran.report.state, [variant.label for variant in ran.report.variants]) == (
        "failed",
        ["Baseline", "Simplified"],
    )
    assert all(variant.latency and variant.verdict for variant in ran.report.variants)
    assert ran.report.recommended is not None


def test_a_variant_whose_scoring_breaks_is_gone_with_its_file(ready_home, tmp_path, monkeypatch):
    real = StepRunner.predict

    def predict(self, model, on_progress, images="evaluation"):
        if "variants" in model.path.parts and model.path.stat().st_size < 10_000_000:
            raise IndexError
        return real(self, model, on_progress, images)

    monkeypatch.setattr(StepRunner, "predict", predict)
    ran = carry_out(recipe(SIMPLIFY_LAST), tmp_path / "run", ready_home)
    assert [failure.code for failure in ran.report.failures] == ["unexpected"]
    assert [variant.label for variant in ran.report.variants] == ["Baseline", "Simplified"]
    assert {folder.name for folder in ran.folder.variants.iterdir()} == {v.id for v in ran.report.variants}


@pytest.mark.parametrize("exception", [MemoryError(), OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
def test_where_memory_or_disk_ran_out_or_the_user_stopped_it_the_whole_run_ends(
    ready_home, tmp_path, monkeypatch, exception
):
    monkeypatch.setitem(STEPS, QuantizeWeights, raising(exception))
    with pytest.raises(type(exception)):
        carry_out(recipe(SIMPLIFY_LAST), tmp_path / "run", ready_home)


@pytest.mark.usefixtures("ready_home")
def test_a_cancel_in_the_middle_of_a_chain_keeps_what_was_finished_and_says_so(tmp_path, monkeypatch):
    def cancelled(model, settings, context):
        raise KeyboardInterrupt  # as the runner's handler of SIGTERM does

    monkeypatch.setitem(STEPS, QuantizeWeights, cancelled)
    monkeypatch.setattr(runner, "die_with_parent", lambda: None)  # this process is pytest's
    monkeypatch.setattr(runner, "confine", lambda policy: None)  # it is for the rest of the process's life
    monkeypatch.setattr(runner.signal, "signal", lambda number, handler: None)
    folder = JobFolder(tmp_path / "run", tmp_path / "request.json")
    folder.work.mkdir(parents=True)
    request = RunRequest(recipe=recipe(CHAIN))
    folder.write_request(JobFile(id="a" * 12, kind="run", name="a", created=now(), request=request))
    assert runner.main(str(folder.path), str(folder.request_file)) == 130
    report, outcome = folder.report(), folder.outcome()
    assert (report.state, outcome.state) == ("cancelled", "cancelled")
    assert "What was finished before is kept" in outcome.next
    assert [variant.label for variant in report.variants] == ["Baseline", "Simplified"]
    assert all((folder.path / variant.file).exists() for variant in report.variants)
