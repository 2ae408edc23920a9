"""Whole runs with a race in them: what is kept of the candidates, who wins, and what is said where nobody does."""

import hashlib

import pytest

from engine.search.search_space import Facts
from engine.settings import parse_recipe
from tests.conftest import carry_out


def auto(more="", settings=""):
    step = f"{{technique: quantize, calibration_images: 24{settings}}}"
    return parse_recipe(f"model: {{kind: sample}}\ndata: {{kind: sample}}\n{more}\nsteps: [{step}]")


@pytest.fixture(autouse=True, scope="module")
def quiet():
    """What others do on this machine shall not decide whether a race is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.measure.contention.busy_note", lambda *args: None)
        yield


@pytest.fixture(scope="module")
def raced(tmp_path_factory, shared_home):
    return carry_out(auto(), tmp_path_factory.mktemp("races") / "run", shared_home)


def candidates(report):
    (race,) = report.races
    return report.candidates(race)


def test_the_winner_is_a_step_that_was_surely_faster_in_its_final_or_fp32_stays(raced):
    """Who wins depends on the machine."""
    (race,) = raced.report.races
    winner = raced.report.variant(race.winner_id)
    assert race.n_images == raced.report.data.n_selection == 269
    assert race.parent_id == raced.report.baseline.id
    assert not race.reused
    if winner.role == "baseline":
        assert race.reason.code.startswith("race_nothing")
        assert "winner" not in [trial.outcome.code for _, trial in candidates(raced.report)]
    else:
        trial = race.trials[winner.id]
        assert (winner.role, trial.stage, trial.outcome.code) == ("step", "final", "winner")
        assert trial.ratio_high < 1
        assert race.reason.code == "race_won"
        assert trial.name in race.reason.text


def test_every_candidate_is_in_the_report_with_a_file_a_reason_and_an_end(raced):
    known = candidates(raced.report)
    assert len(known) >= 5
    (race,) = raced.report.races
    assert [variant.id for variant, _ in known if variant.role == "step"] == [
        id for id in race.trials if id == race.winner_id
    ]
    for variant, trial in known:
        content = (raced.folder.path / variant.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == variant.sha256
        assert trial.reason.text
        assert trial.outcome.code not in ("", "started")
        assert trial.fidelity.n_images == 269
        assert trial.drop is not None
        assert variant.settings.technique in ("quantize", "simplify")
        assert variant.parent_id == raced.report.baseline.id


def test_only_finalists_are_scored_on_the_evaluation_images_and_timed_with_all_variants(raced):
    for variant, trial in candidates(raced.report):
        final = trial.stage == "final"
        assert (variant.latency is not None) is final, variant.label
        assert (variant.accuracy is not None) is final, variant.label
        assert (variant.verdict is not None) is final, variant.label
        assert not final or trial.n_rounds >= 10


def test_progress_tells_of_each_candidate_and_only_grows(raced):
    said = " | ".join(event.message for event in raced.events)
    for word in ("simplifying the graph", "building candidate 1 of", "screening", "final", "round 12 of 12"):
        assert word in said
    fractions = [event.fraction for event in raced.events]
    assert fractions == sorted(fractions)


def test_the_same_again_comes_out_of_the_cache_with_all_candidates(raced, shared_home, tmp_path):
    again = carry_out(auto(), tmp_path / "again", shared_home)
    assert not any("building" in event.message for event in again.events)
    assert [(v.id, v.role) for v in again.report.variants] == [(v.id, v.role) for v in raced.report.variants]
    (first, second) = (report.races[0] for report in (raced.report, again.report))
    assert (first.reused, second.reused) == (False, True)
    assert first.model_copy(update={"reused": True}) == second


def test_where_nobody_keeps_the_budget_fp32_stays_and_the_cause_is_named(shared_home, tmp_path):
    recipe = auto("budget: {max_latency_ms: 0.000001}", ", mixed_precision: false")
    report = carry_out(recipe, tmp_path / "run", shared_home).report
    (race,) = report.races
    assert race.winner_id == race.parent_id == report.baseline.id
    assert {variant.role for variant in report.variants} == {"baseline", "candidate"}
    assert report.recommended.id == report.baseline.id
    assert race.reason.text in report.recommended.reason.text
    assert "no candidate keeps the budget of 1e-06 ms" in race.reason.text


def test_when_the_time_is_up_the_best_that_is_there_wins_and_a_note_says_so(shared_home, tmp_path):
    """A millisecond: one quantized candidate is built all the same, and timed in the fewest rounds."""
    report = carry_out(auto("budget: {minutes: 0.00002}"), tmp_path / "run", shared_home).report
    (race,) = report.races
    trials = list(race.trials.values())
    assert [trial.name for trial in trials if trial.name != "Simplified FP32"] == ["Static INT8"]
    assert {trial.n_rounds for trial in trials} == {3}
    assert "out_of_time" in [note.code for note in race.notes]
    assert not race.reused


def test_on_a_card_16_bit_floats_race_in_place_of_int8(ready_home, tmp_path, monkeypatch):
    """The CPU is the card here."""
    monkeypatch.setattr("engine.search.race.Facts", lambda **facts: Facts(**facts | {"on_cuda": True}))
    report = carry_out(auto(), tmp_path / "run", ready_home).report
    (race,) = report.races
    names = {trial.name for trial in race.trials.values()}
    assert "16-bit floats" in names
    assert not [name for name in names if "INT8" in name]
    (trial,) = (trial for trial in race.trials.values() if trial.name == "16-bit floats")
    assert trial.stage != "built"
    assert "INT8 is left out" in trial.reason.text
    assert report.state == "done"
