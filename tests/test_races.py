"""Whole runs with a race in them: what is kept of the candidates, who wins, and what is said where nobody does."""

import hashlib

import pytest

from engine.settings import parse_recipe
from tests.conftest import carry_out


def auto(more="", settings=""):
    step = f"{{technique: quantize, calibration_images: 24{settings}}}"
    return parse_recipe(f"model: {{kind: sample}}\ndata: {{kind: sample}}\n{more}\nsteps: [{step}]")


@pytest.fixture(scope="module")
def raced(tmp_path_factory, shared_home):
    return carry_out(auto(), tmp_path_factory.mktemp("races") / "run", shared_home)


def candidates(report):
    return [variant for variant in report.variants if variant.trial is not None]


def test_the_winner_is_a_step_faster_than_fp32_and_recommended(raced):
    (race,) = raced.report.races
    winner = raced.report.variant(race.winner_id)
    assert winner.role == "step"
    assert winner.latency.ratio_high < 1
    assert raced.report.recommended.id == winner.id
    assert race.reason.code == "race_won"
    assert winner.trial.name in race.reason.text
    assert winner.trial.outcome.code == "winner"
    assert race.n_images == 12
    assert race.parent_id == raced.report.baseline.id


def test_every_candidate_is_in_the_report_with_a_file_a_reason_and_an_end(raced):
    known = candidates(raced.report)
    assert len(known) >= 5
    assert [variant.role for variant in known].count("step") == 1
    for variant in known:
        content = (raced.folder.path / variant.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == variant.sha256
        assert variant.trial.reason.text
        assert variant.trial.outcome.code not in ("", "started")
        assert variant.trial.fidelity.n_images == 12
        assert variant.settings.technique in ("quantize", "simplify")
        assert variant.parent_id == raced.report.baseline.id


def test_only_finalists_are_scored_on_the_evaluation_images_and_timed_with_all_variants(raced):
    for variant in candidates(raced.report):
        final = variant.trial.stage == "final"
        assert (variant.latency is not None) is final, variant.label
        assert (variant.accuracy is not None) is final, variant.label
        assert not final or variant.trial.n_rounds >= 10


def test_progress_tells_of_each_candidate_and_only_grows(raced):
    said = " | ".join(event.message for event in raced.events)
    for word in ("simplifying the graph", "building candidate 1 of", "screening", "final", "round 12 of 12"):
        assert word in said
    fractions = [event.fraction for event in raced.events]
    assert fractions == sorted(fractions)


def test_the_same_again_comes_out_of_the_cache_with_all_candidates(raced, shared_home, tmp_path):
    again = carry_out(auto(), tmp_path / "again", shared_home)
    assert not any("building" in event.message for event in again.events)
    assert [(v.id, v.role, v.trial) for v in again.report.variants] == [
        (v.id, v.role, v.trial) for v in raced.report.variants
    ]
    assert again.report.races[0].reason == raced.report.races[0].reason


def test_where_nobody_keeps_the_budget_fp32_stays_and_the_cause_is_named(shared_home, tmp_path):
    recipe = auto("budget: {max_latency_ms: 0.000001}", ", mixed_precision: false")
    report = carry_out(recipe, tmp_path / "run", shared_home).report
    (race,) = report.races
    assert race.winner_id == race.parent_id == report.baseline.id
    assert {variant.role for variant in report.variants} == {"baseline", "candidate"}
    assert report.recommended.id == report.baseline.id
    assert race.reason.text in report.recommended.reason.text
    assert "no candidate keeps the budget of 1e-06 ms" in race.reason.text


def test_when_the_time_is_up_the_best_that_is_there_wins(shared_home, tmp_path):
    report = carry_out(auto("budget: {minutes: 0.01}"), tmp_path / "run", shared_home).report
    (race,) = report.races
    assert len(candidates(report)) < 5
    winner = report.variant(race.winner_id)
    assert winner.role == "baseline" or winner.latency.ratio_high < 1
