"""A race on small graphs: what becomes of it where static quantization ruins the answers."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.errors import RunError
from engine.measure.latency import PairedLatency
from engine.results import Note
from engine.search.context import RaceContext
from engine.search.mixed import restore_layers
from engine.search.race import race
from engine.search.timing import run_final
from engine.settings import Budget, QuantizeAuto
from tests.made import made_latency
from tests.made_contexts import made_context
from tests.search.spoilt import spoilt_graph
from tests.techniques.given import given
from tests.techniques.uneven import uneven_graph

AUTO = QuantizeAuto(calibration_images=32, escalate=False)


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """The spoilt model, where everything takes half the time of FP32, and a context that notes what is told.

    So small a graph is slower in INT8 on most machines, and what is slower is not repaired.
    """
    monkeypatch.setattr("engine.measure.timing.measure_latency", half_the_time)
    model, bare = given(spoilt_graph(), tmp_path)
    said = []
    context = made_context(
        RaceContext,
        bare.data,
        bare.folder,
        on_progress=lambda share, text, **figures: said.append((share, text)),
    )
    return model, said, context


def half_the_time(models, baseline, target, images, on_round, n_rounds, deadline, targets=None):
    return {key: PairedLatency(made_latency(1.0, 1.0 if key == baseline else 0.5), None) for key in models}


def mended(outcome):
    return [one for one in outcome.search.candidates if one.trial.reason.code == "mixed_precision"]


def test_the_layers_at_fault_go_back_to_float_and_the_progress_never_falls(ready):
    model, said, context = ready
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=0.5)))
    static = [one.trial for one in outcome.search.candidates if one.trial.name.startswith("Static INT8")]
    assert static[0].outcome.code == "over_budget"
    (back,) = mended(outcome)
    assert back.trial.name.endswith("in float")
    assert back.trial.fidelity.agreement > static[0].fidelity.agreement
    assert back.trial.stage != "built"
    assert any("how much it loses" in text for _, text in said)
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert all(one.model.path.exists() for one in outcome.search.candidates)


def test_what_is_there_has_its_final_before_layers_go_back_to_float_and_time_is_left_for_theirs(ready, monkeypatch):
    """To rank the layers of a large network takes minutes, and what was not timed by then could not win."""
    model, _, context = ready
    done, ends = [], []

    def heard_repair(workspace, *more):
        done.append("repair")
        ends.append(workspace.context.deadline)
        return restore_layers(workspace, *more)

    def heard_final(*arguments):
        done.append("final")
        run_final(*arguments)

    monkeypatch.setattr("engine.search.mixed.restore_layers", heard_repair)
    monkeypatch.setattr("engine.search.race.run_final", heard_final)
    deadline = time.monotonic() + 1000
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=0.5), deadline=deadline))
    assert mended(outcome)
    assert done == ["final", "repair", "final"]
    assert ends[0] < deadline - 400


@pytest.mark.parametrize(("goal", "is_repaired"), [("latency", False), ("size", True)])
def test_a_file_that_is_slower_than_the_winner_is_repaired_for_its_size_alone(ready, monkeypatch, goal, is_repaired):
    """A dynamic file, as fast as it may be, can be larger than a static one with a layer in float."""
    model, _, context = ready
    asked = []
    winner = SimpleNamespace(key="w", model=model, is_static=False, is_float=False, latency=made_latency(1.0, 0.2))

    def screen_all(workspace, model, candidates, begin, also_over=False):
        for one in candidates:
            one.latency = made_latency(1.0, 0.5)

    monkeypatch.setattr("engine.search.race.screen", screen_all)
    monkeypatch.setattr("engine.search.race._final", lambda *more: winner)
    monkeypatch.setattr("engine.search.mixed.restore_layers", lambda *more: asked.append("repair"))
    monkeypatch.setattr("engine.search.race.set_outcomes", lambda *more: None)
    monkeypatch.setattr("engine.search.race.reason_for", lambda *more: Note(code="race_won", text="w won"))
    race(model, AUTO, replace(context, goal=goal, budget=Budget(max_accuracy_drop=0.5)))
    assert asked == ["repair"] * is_repaired


def test_layers_whose_channels_differ_are_equalized_where_static_int8_loses_too_much(ready):
    _, _, context = ready
    model, bare = given(uneven_graph(), context.folder.parent / "uneven")
    lossy = {"max_accuracy_drop": 0.0}
    outcome = race(model, AUTO, replace(context, data=bare.data, budget=Budget(**lossy)))
    trials = {one.trial.name: one.trial for one in outcome.search.candidates}
    plain, equalized = trials["Static INT8"], trials["Static INT8, equalized"]
    assert plain.outcome.code == "over_budget"
    assert equalized.fidelity.sqnr_db > plain.fidelity.sqnr_db
    assert equalized.reason.code == "channels_differ"


def test_a_file_that_keeps_the_budget_by_gains_alone_is_mended_too(ready, monkeypatch):
    _, _, context = ready
    model, bare = given(uneven_graph(), context.folder.parent / "uneven")

    def holds(one, budget):
        return not one.is_static

    monkeypatch.setattr("engine.search.race.holds", holds)
    monkeypatch.setattr("engine.search.selection.holds", holds)
    monkeypatch.setattr("engine.search.mixed.holds", lambda one, budget: True)
    monkeypatch.setattr("engine.search.mixed.FINEST", 2)
    outcome = race(model, AUTO, replace(context, data=bare.data, budget=Budget(max_accuracy_drop=1.0)))
    assert any("equalized" in one.trial.name for one in outcome.search.candidates)
    assert mended(outcome)


def test_what_is_surely_over_the_budget_is_equalized_where_it_is_fast(ready, monkeypatch):
    _, _, context = ready
    model, bare = given(uneven_graph(), context.folder.parent / "uneven")
    monkeypatch.setattr("engine.search.timing.surely_over", lambda one, budget: one.plan.name == "Static INT8")
    outcome = race(model, AUTO, replace(context, data=bare.data, budget=Budget(max_accuracy_drop=0.0)))
    trials = {one.trial.name: one.trial for one in outcome.search.candidates}
    assert trials["Static INT8"].ratio == 0.5
    assert "Static INT8, equalized" in trials


def test_a_stage_that_had_used_its_share_is_not_said_to_have_used_all_of_the_time(ready, monkeypatch):
    model, _, context = ready

    def restore(workspace, *more):
        workspace.left_out.append("a finer choice")

    monkeypatch.setattr("engine.search.mixed.restore_layers", restore)
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=0.5)))
    (text,) = [note.text for note in outcome.notes if note.code == "out_of_time"]
    assert text.startswith("A stage of the race had used its share of the time; the best by then counts.")


def test_nothing_is_repaired_where_that_is_not_asked_or_no_accuracy_is(ready):
    model, _, context = ready
    assert not mended(race(model, AUTO.model_copy(update={"mixed_precision": False}), context))
    free = replace(context, budget=Budget(max_accuracy_drop=None), folder=context.folder.parent / "free")
    free.folder.mkdir()
    assert not mended(race(model, AUTO, free))


def test_the_budget_is_held_against_the_runs_baseline(ready):
    """Beside a baseline that answers otherwise, FP32 itself is over the budget: nobody can win."""
    model, _, context = ready
    other, _ = given(spoilt_graph(sign=-1), context.folder.parent / "other")
    outcome = race(model, AUTO.model_copy(update={"mixed_precision": False}), replace(context, baseline=other))
    assert outcome.search.winner_key is None
    assert outcome.search.reason.code == "race_nothing_within_budget"
    assert "qat_may_help" not in codes(outcome)  # there are no images to train on


def test_where_static_int8_loses_too_much_training_it_is_named(ready):
    model, _, context = ready
    other, _ = given(spoilt_graph(sign=-1), context.folder.parent / "other")
    trainable = replace(context, baseline=other, data=replace(context.data, synthetic=False))
    outcome = race(model, AUTO.model_copy(update={"mixed_precision": False}), trainable)
    (note,) = [note for note in outcome.notes if note.code == "qat_may_help"]
    assert "qat in place of quantize" in note.text


def untimable(names):
    """A trial in which those of the candidates whose number is named do not run."""
    return lambda models, target, images, targets=None: {
        key: RunError("it asks for more") for number, key in enumerate(models) if number in names
    }


def test_a_candidate_that_does_not_run_is_out_and_the_others_race_on(ready, monkeypatch):
    model, _, context = ready
    monkeypatch.setattr("engine.measure.timing.trial_calls", untimable({1}))
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=None)))
    out = [one for one in outcome.search.candidates if one.trial.outcome.code == "not_timed"]
    assert out
    assert all("it asks for more" in one.trial.outcome.text and one.trial.stage != "final" for one in out)
    assert outcome.search.winner_key not in {None, *(one.model.key for one in out)}
    assert not outcome.complete  # it may run next time


def test_where_no_candidate_runs_the_reason_says_so(ready, monkeypatch):
    model, _, context = ready
    monkeypatch.setattr("engine.measure.timing.trial_calls", untimable(range(1, 99)))
    outcome = race(model, AUTO, replace(context, budget=Budget(max_accuracy_drop=None)))
    assert (outcome.search.winner_key, outcome.search.reason.code) == (None, "race_nothing_timed")


def test_where_fp32_does_not_run_the_race_says_why(ready, monkeypatch):
    model, _, context = ready
    monkeypatch.setattr("engine.measure.timing.trial_calls", untimable({0}))
    with pytest.raises(RunError, match="it asks for more"):
        race(model, AUTO, context)


@pytest.fixture
def clock(ready, monkeypatch):
    """What time it is for the race, whose deadline is at 1; and the rounds of all its timings so far."""
    now = SimpleNamespace(time=0.0, late_after=None, n_rounds={}, timings=[])

    def measure(*args, n_rounds, **more):
        now.timings.append(n_rounds)
        now.time = 2.0 if len(now.timings) == now.late_after else now.time
        found = half_the_time(*args, n_rounds=n_rounds, **more)
        fewer = now.n_rounds.get(n_rounds, n_rounds)
        return {
            key: PairedLatency(pair.require().model_copy(update={"n_rounds": fewer}), None)
            for key, pair in found.items()
        }

    monkeypatch.setattr("engine.measure.timing.measure_latency", measure)
    monkeypatch.setattr("engine.measure.contention.busy_note", lambda *args: None)
    monkeypatch.setattr("engine.search.workspace.time", SimpleNamespace(monotonic=lambda: now.time))
    return now


def timed(ready, **changed):
    model, _, context = ready
    outcome = race(model, AUTO, replace(context, deadline=1.0, **changed))
    return outcome, [note.text for note in outcome.notes if note.code == "out_of_time"]


def test_a_race_that_did_everything_is_not_cut_short_however_late_it_ends(ready, clock):
    clock.late_after = 3  # two screenings, and the final in which the time is up
    outcome, notes = timed(ready, budget=Budget(max_accuracy_drop=None))
    assert (clock.timings, clock.time) == ([3, 3, 12], 2.0)
    assert (notes, outcome.complete) == ([], True)


def test_rounds_that_other_programs_disturbed_are_no_sign_that_the_time_was_up(ready, clock):
    clock.n_rounds = {12: 5}
    _, notes = timed(ready, budget=Budget(max_accuracy_drop=None))
    assert notes == []


@pytest.mark.parametrize(
    ("late_after", "n_rounds", "loss", "left_out"),
    [
        (1, {}, None, ("Static INT8, per tensor", "the final of all but the best of the screening")),
        (2, {}, None, ("the final of all but the best of the screening",)),
        (3, {12: 5}, None, ("rounds of the final",)),
        (1, {}, 0.5, ("layers back in float",)),
    ],
)
def test_what_the_time_left_out_is_said_once_with_its_names(ready, clock, late_after, n_rounds, loss, left_out):
    clock.late_after, clock.n_rounds = late_after, n_rounds
    outcome, notes = timed(ready, budget=Budget(max_accuracy_drop=loss))
    (text,) = notes
    names = text.partition(". Left out: ")[2]
    assert all(one in names for one in left_out), text
    assert not outcome.complete


def codes(outcome):
    return [note.code for note in outcome.notes]
