"""What runs leave behind of the time that they took, and what estimates make of it."""

import errno
import time
from contextlib import contextmanager
from functools import partial

import pytest

import engine
from engine.planning.estimate import FORMULA, estimate_recipe, learnt_factors
from engine.results import Note
from engine.run import pipeline
from engine.run.registry import STEPS
from engine.settings import QuantizeWeights, Target, parse_recipe
from engine.store.timings import PhaseTiming, RunTimings, append_timings
from engine.system.machine import cores, cpu_name
from tests.conftest import carry_out
from tests.run.test_branch import CHAIN, spoilt

ASKED = """
{model: {kind: sample}, data: {kind: sample}, steps: [{technique: simplify}, {technique: quantize, method: weights}]}
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What others do on this machine shall not decide whether a run is learnt from."""
    monkeypatch.setattr("engine.measure.contention.busy_note", lambda *args: None)


@pytest.fixture
def asked():
    return parse_recipe(ASKED)


def learnt(home) -> list[RunTimings]:
    text = home.timings.read_text() if home.timings.exists() else ""
    return [RunTimings.model_validate_json(line) for line in text.splitlines()]


def test_a_run_keeps_what_it_really_computed_beside_the_formula_s_seconds(ready_home, tmp_path, asked):
    ran, _ = (carry_out(asked, tmp_path / name, ready_home) for name in ("first", "again"))
    first, again = learnt(ready_home)
    assert (first.formula, first.cpu, first.cores, first.threads) == (FORMULA, cpu_name(), cores(), cores())
    assert first.phases.keys() == {"simplify", "quantize weights", "accuracy", "latency"}  # no export
    estimate = estimate_recipe(ran.report.recipe)
    for phase in ("simplify", "latency"):
        assert first.phases[phase].estimated_seconds == pytest.approx(estimate.phases[phase], abs=0.06)
    # of the three accuracies that of the baseline was there already
    accuracy = first.phases["accuracy"]
    assert accuracy.estimated_seconds == pytest.approx(estimate.phases["accuracy"] * 2 / 3, abs=0.06)
    assert all(phase.measured_seconds > 0 for phase in first.phases.values())
    assert again.phases.keys() == {"latency"}


def test_of_the_start_of_a_run_the_loading_of_the_libraries_is_timed_and_no_download(ready_home, tmp_path, monkeypatch):
    clock = [time.monotonic()]

    def slow(*args, **kwargs):
        clock[0] += 1000
        return load(*args, **kwargs)

    load = pipeline.models.load
    monkeypatch.setattr("engine.run.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(pipeline.models, "load", slow)
    monkeypatch.setattr(pipeline, "run", partial(pipeline.run, began=clock[0] - 100))
    carry_out(parse_recipe("{model: {kind: sample}, data: {kind: sample}}"), tmp_path / "run", ready_home)
    assert learnt(ready_home)[0].phases["starting"].measured_seconds == pytest.approx(100)


@pytest.mark.parametrize(
    ("whole_run", "at_the_end", "learns"),
    [
        (True, False, None),
        (False, True, {"simplify", "quantize weights", "accuracy"}),
    ],
    ids=["before latency was measured", "while latency was measured"],
)
def test_what_a_busy_machine_disturbed_teaches_nothing(
    ready_home, tmp_path, asked, monkeypatch, whole_run, at_the_end, learns
):
    """The first to begin watching is the run itself, the second its measuring at the end."""
    busy = iter((whole_run, at_the_end))

    @contextmanager
    def watched(threads):
        yield [Note(code="machine_busy", text="Other programs used a core")] if next(busy) else []

    monkeypatch.setattr(pipeline, "watched", watched)
    monkeypatch.setattr("engine.measure.timing.watched", watched)
    report = carry_out(asked, tmp_path / "run", ready_home).report
    assert ("machine_busy" in [warning.code for warning in report.warnings]) == at_the_end
    assert [run.phases.keys() for run in learnt(ready_home)] == ([] if learns is None else [learns])


def test_latency_is_learnt_by_the_variants_that_were_timed(ready_home, tmp_path, monkeypatch):
    monkeypatch.setitem(STEPS, QuantizeWeights, spoilt)
    ran = carry_out(parse_recipe(ASKED), tmp_path / "run", ready_home)
    estimate = estimate_recipe(ran.report.recipe).phases["latency"]
    assert learnt(ready_home)[0].phases["latency"].estimated_seconds == pytest.approx(estimate * 2 / 3, abs=0.1)


def test_what_failed_or_was_cut_short_teaches_nothing(ready_home, tmp_path, monkeypatch):
    monkeypatch.setitem(STEPS, QuantizeWeights, spoilt)
    chains = f"[{CHAIN.removeprefix('steps: ')}, [{{technique: distill, epochs: 1, views: 1}}]]"
    text = f"model: {{kind: sample}}\ndata: {{kind: sample}}\nbudget: {{minutes: 0.0001}}\nbranches: {chains}"
    ran = carry_out(parse_recipe(text), tmp_path / "run", ready_home)
    assert [failure.technique for failure in ran.report.failures] == ["quantize"]
    (timings,) = learnt(ready_home)
    assert timings.phases.keys() == {"simplify", "quantize weights", "export", "accuracy", "latency"}
    # of the four accuracies one was there already and one failed
    estimate = estimate_recipe(ran.report.recipe).phases["accuracy"]
    assert timings.phases["accuracy"].estimated_seconds == pytest.approx(estimate / 2, abs=0.06)


def test_a_full_disk_costs_the_timings_and_not_the_run(ready_home, tmp_path, asked, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("engine.run.pipeline.append_timings", full)
    assert carry_out(asked, tmp_path / "run", ready_home).report.state == "done"


def test_the_verbs_estimate_by_what_the_home_has_learnt(home, asked):
    resolved = engine.resolve(asked)
    before = engine.estimate(resolved)
    assert before.learnt_from == 0
    assert before == estimate_recipe(resolved)
    phases = {"starting": PhaseTiming(estimated_seconds=1, measured_seconds=4)}
    append_timings(home, RunTimings(formula=FORMULA, cpu=cpu_name(), cores=cores(), threads=cores(), phases=phases))
    after = engine.estimate(resolved)
    assert after.learnt_from == 1
    assert after.seconds == pytest.approx(before.seconds + before.phases["starting"], abs=0.1)
    assert engine.submit(asked).estimate_seconds == after.seconds
    assert all(preset.estimate.phases["starting"] == after.phases["starting"] for preset in engine.presets(resolved))


def test_learnt_factors_are_those_of_the_newest_runs(home, asked):
    phases = {"latency": PhaseTiming(estimated_seconds=1, measured_seconds=0.25)}
    append_timings(home, RunTimings(formula=FORMULA, cpu=cpu_name(), cores=cores(), threads=cores(), phases=phases))
    assert learnt_factors(home, Target())["latency"].ratio == pytest.approx(0.5)
