"""What many runs came to, read quickly and never out of date."""

import json

import pytest

import engine
from engine.results import Note, Recommendation, summarize
from engine.store.folders import JobFolder
from engine.system.machine import own_version
from tests.made import BASE, INT8, made_report, made_variant


def test_the_answer_of_a_run_in_figures():
    found = summarize(made_report())
    assert (found.model, found.steps, found.recommended) == ("Digits network", "Static INT8", "Static INT8")
    assert (found.speedup, found.size_bytes, found.baseline_size_bytes, found.top1) == (
        2.0,
        5_000_000,
        20_000_000,
        0.99,
    )
    assert found.speedup_low < 2.0 < found.speedup_high
    assert not found.keeps_baseline


def test_a_baseline_that_stays_is_no_speed_up():
    reason = Note(code="nothing_not_slower", text="nothing is as fast")
    found = summarize(made_report(recommended=Recommendation(id=BASE, reason=reason)))
    assert (found.compared, found.keeps_baseline, found.speedup) == (True, True, None)


def test_a_run_that_measured_nothing_has_what_it_was_asked():
    found = summarize(made_report(state="failed", variants=(), recommended=None))
    assert (found.state, found.model, found.recommended, found.size_bytes) == ("failed", "Digits network", None, None)


def test_it_is_kept_beside_its_report_until_that_is_another(tmp_path):
    folder = JobFolder(tmp_path)
    assert folder.summary() is None
    folder.write("report.json", made_report())
    assert folder.summary().recommended == "Static INT8"
    kept = (tmp_path / "summary.json").read_text()
    (tmp_path / "summary.json").write_text(kept.replace('"recommended": "Static INT8"', '"recommended": "kept"'))
    assert folder.summary().recommended == "kept"
    folder.write("report.json", made_report(made_variant(BASE, "Baseline"), made_variant(INT8, "Other")))
    assert folder.summary().recommended == "Other"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"recommended"', '"a_field_of_another_version"'),
        lambda text: json.dumps(json.loads(text)["summary"]),
        lambda text: text.replace(own_version(), "0.0.1+a1b2c3d4").replace("Static INT8", "what it said before"),
    ],
    ids=["damaged", "other fields", "without a version", "another version"],
)
def test_a_stored_answer_that_is_damaged_or_of_another_version_is_made_again(tmp_path, spoil):
    folder, path = JobFolder(tmp_path), tmp_path / "summary.json"
    folder.write("report.json", made_report())
    whole = folder.summary()
    stored = path.read_text()
    path.write_text(spoil(stored))
    assert folder.summary() == whole
    assert path.read_text() == stored


def test_what_still_runs_is_not_kept(tmp_path):
    JobFolder(tmp_path).write("report.json", made_report(state="running"))
    assert JobFolder(tmp_path).summary().state == "running"
    assert not (tmp_path / "summary.json").exists()


def test_a_damaged_report_has_none_and_a_run_that_waits_what_it_was_asked_for(home):
    recipe = engine.parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: []}")
    waiting, ended = engine.submit(recipe), engine.submit(recipe)
    engine.cancel(ended.id)
    (home.job(ended.id).path / "report.json").write_text("{")
    asked, none = engine.summaries((waiting, engine.job(ended.id)))
    assert (asked.state, asked.model, asked.steps) == ("queued", "Digits network", "Baseline only")
    assert (asked.compared, asked.recommended, none) == (False, None, None)


def test_a_baseline_alone_was_compared_with_nothing():
    found = summarize(made_report(made_variant(BASE, "Baseline")))
    assert (found.compared, found.keeps_baseline, found.speedup) == (False, False, None)
