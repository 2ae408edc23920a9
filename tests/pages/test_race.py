"""The race of a run on the pages: who won, who lost, what is taken home, and what is left of a race cut short."""

import csv
import io

import pytest

from engine.results import Failure, Note, Recommendation
from engine.store.progress import Progress
from pages._ui.results import race_table, race_view, variant_table
from tests.made import (
    BASE,
    LATE,
    OVER,
    SLOW,
    WON,
    made_candidate,
    made_latency,
    made_open_race_report,
    made_race,
    made_race_report,
    made_report,
    made_trial,
    made_variant,
)
from tests.pages.test_pages import button, plain_words, words

CUT = Failure(branch=0, step=0, technique="quantize", code="x", message="the disk is full", next="free some")


def entrants(report):
    return report.candidates(report.races[0])


def results(app, finished, report, view="Overview", state="done", **params):
    return app("pages/results.py", run=finished(report, state=state).id, view=view, **params)


def test_the_race_gives_its_reason_its_chart_and_every_candidate(app, finished):
    at = results(app, finished, made_race_report(), "Race")
    assert [header.value for header in at.header] == ["Static INT8", "Every candidate"]
    assert r"1\.82 times as fast as FP32" in words(at)
    assert {metric.label: metric.value for metric in at.metric} == {
        "Candidates": "4",
        "Images that chose": "64",
        "Took": "1 min 11 s",
    }
    assert len(at.get("plotly_chart")) == 1
    shown = at.table[0].value
    assert shown["Came to"].tolist() == ["final", "final", "screening", "not timed"]
    assert shown["Speed"].tolist() == [
        "1.82× :green[(1.72 – 1.91)]",
        "1.43× :green[(1.35 – 1.50)]",
        "0.24× :gray[(0.23 – 0.26)]",
        "–",
    ]
    assert r"8\.0 points less top\-1" in shown["What became of it"].tolist()[3]
    assert "on the 64 images that choose, which set no range and report nothing" in words(at)
    assert "Agreement" not in shown.columns


def test_any_candidate_can_be_taken_along(app, finished):
    at = results(app, finished, made_race_report(), "Race")
    box = next(box for box in at.selectbox if box.label == "Candidate")
    assert box.options == ["Static INT8", "Static INT8, first 2 in float", "Dynamic INT8", "Static INT8, per tensor"]
    box.set_value(SLOW).run()
    assert "3" * 64 in [block.value for block in at.code]


def test_everything_else_is_about_the_baseline_and_the_steps_alone(app, finished):
    at = results(app, finished, made_race_report())
    assert at.table[0].value["Variant"].tolist() == ["Baseline", "**Static INT8 :green-badge[recommended]**"]
    assert len(at.get("plotly_chart")) == 7
    assert "Dynamic INT8" not in words(at)
    at = results(app, finished, made_race_report(), "Take home")
    assert [option.split(" · ")[0] for option in at.selectbox[0].options] == ["Static INT8", "Baseline"]
    assert [row["id"] for row in csv.DictReader(io.StringIO(variant_table.as_csv(made_race_report())))] == [BASE, WON]


def test_the_overview_leads_to_the_race(app, finished):
    at = results(app, finished, made_race_report())
    button(at, "See the race").click().run()
    assert at.query_params["view"] == "Race"
    assert "Every candidate" in words(at)


def test_a_run_without_a_race_has_no_view_of_one(app, finished):
    at = results(app, finished, made_report())
    assert at.button_group[0].options == [
        "Overview",
        "Steps",
        "Images",
        "Classes",
        "Layers",
        "Time",
        "Graph",
        "Take home",
        "Showdown",
        "Sweep",
        "How it was measured",
    ]
    at = results(app, finished, made_report(), "Race")
    assert at.button_group[0].value == "Overview"
    assert "Every variant beside the baseline" in words(at)


def test_where_fp32_won_nothing_is_called_an_optimisation(app, finished):
    report = made_race_report(won=False)
    at = results(app, finished, report)
    assert "keep the baseline" in words(at)
    assert "Keep the model as it is. FP32 stays" in plain_words(at)
    assert "FP32 stays: nothing within the budget is faster".replace(":", "\\:") in words(at)
    assert not any(metric.delta for metric in at.metric)
    assert len(at.get("plotly_chart")) == 5
    assert "beside the baseline" not in words(at)
    at = results(app, finished, report, "Take home")
    assert [option.split(" · ")[0] for option in at.selectbox[0].options] == ["Baseline"]
    assert "What is recommended is the baseline" in at.info[0].value
    at = results(app, finished, report, "Race")
    assert at.header[0].value == r"FP32\: Baseline"
    assert "winner]" not in "".join(at.table[0].value["Candidate"])


def test_a_race_whose_winner_is_not_recommended_is_told_on_the_overview(app, finished):
    best = Recommendation(id=BASE, reason=Note(code="nothing_not_slower", text="nothing is as fast"))
    at = results(app, finished, made_race_report(recommended=best))
    assert "Static INT8 won among 4 candidates" in at.info[0].value
    assert "Timed again beside all variants, it is not what is recommended" in at.info[0].value
    at = results(app, finished, made_race_report())
    assert not at.info


@pytest.mark.parametrize("view", ["Overview", "Race", "Take home", "How it was measured"])
def test_a_race_that_goes_on_is_shown_live_in_its_part_whatever_view_is_asked_for(app, queue, finished, view):
    run = finished(made_open_race_report(), state="running")
    told = Progress(queue.home.job(run.id))
    told.emit("start", "starting", 0.0, "loading the libraries")
    told.emit("chain 1, step 1: quantize", "quantize", 0.4, "building candidate 3 of 7: Dynamic INT8")
    at = app("pages/results.py", run=run.id, view=view)
    assert not at.error
    assert at.status[0].label.startswith("**Static INT8")
    assert "2 candidates so far" in words(at)
    assert len(at.get("plotly_chart")) == 1
    assert not any(expander.label == "Take a candidate along" for expander in at.expander)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_ended_early_keeps_what_its_race_had(app, finished, state):
    report = made_open_race_report(state=state, failures=(CUT,) if state == "failed" else ())
    at = results(app, finished, report, "Race", state=state)
    assert at.subheader[0].value == "This race has no winner"
    assert "is kept: 2 candidates" in words(at)
    assert len(at.table[0].value) == 2
    assert any(expander.label == "Take a candidate along" for expander in at.expander)


def test_a_chain_that_failed_has_ended_its_race_while_others_go_on():
    report = made_open_race_report()
    assert race_view.is_running(report, report.races[0])
    assert not race_view.is_running(made_open_race_report(failures=(CUT,)), report.races[0])


def test_one_of_several_races_is_chosen_and_kept_in_the_address(app, finished):
    tuned = made_variant("7" * 12, "Fine-tuned", parent_id=BASE)
    trial = made_trial("8-bit weights", "final", "winner", "Won", 0.7)
    other = made_candidate("8" * 12, trial, parent_id=tuned.id, branch=1, step=1)
    first = made_race_report()
    second = made_race({other.id: trial}, branch=1, step=1, parent_id=tuned.id, winner_id=other.id)
    report = made_race_report(variants=(*first.variants, tuned, other), races=(*first.races, second))
    at = results(app, finished, report, "Race")
    assert at.selectbox[0].options == ["Chain 1, step 1: after Baseline", "Chain 2, step 2: after Fine-tuned"]
    at.selectbox[0].set_value("Chain 2, step 2: after Fine-tuned").run()
    assert at.header[0].value == r"8\-bit weights"
    assert len(at.table[0].value) == 1
    at = results(app, finished, report, "Race", race="Chain 2, step 2: after Fine-tuned")
    assert at.header[0].value == r"8\-bit weights"


def test_the_csv_of_a_race_has_plain_numbers_and_gaps():
    rows = list(csv.DictReader(io.StringIO(race_table.as_csv(made_race_report(), entrants(made_race_report())))))
    assert [row["id"] for row in rows] == [WON, LATE, SLOW, OVER]
    assert float(rows[0]["ratio"]) == 0.55
    assert (rows[3]["ratio"], rows[3]["outcome"], rows[3]["n_selection_images"]) == ("", "over_budget", "64")
    assert rows[0]["selection_agreement"] == "0.97"
    assert tuple(rows[0]) == race_table.COLUMNS


def test_what_a_candidate_says_is_shown_and_never_obeyed():
    evil = made_trial("![x](https://e.com/x.png)", "final", "slower", "**b**", 1.1)
    row = race_table.as_frame([(made_candidate("9" * 12, evil), evil)]).iloc[0]
    assert row["Candidate"] == r"\!\[x\]\(https\://e\.com/x\.png\)"
    assert row["What became of it"] == r"\*\*b\*\*\."


def test_what_a_race_has_to_say_is_shown_where_fp32_stays_as_well(app, finished):
    up = Note(code="out_of_time", text="The time was up before the race was over")
    report = made_race_report(won=False)
    report = made_race_report(won=False, races=(report.races[0].model_copy(update={"notes": (up,), "reused": True}),))
    at = results(app, finished, report, "Race")
    assert "The time was up" in words(at)
    assert "The same race was run before" in words(at)


def test_a_lost_race_is_told_beside_another_chain_that_did_not_help_either(app, finished):
    lost = made_race_report(won=False)
    half = made_variant("7" * 12, "FP16", branch=1, latency=made_latency(2.1, 1.05))
    best = Recommendation(id=BASE, reason=Note(code="nothing_not_slower", text="No variant is as fast"))
    at = results(app, finished, made_race_report(won=False, variants=(*lost.variants, half), recommended=best))
    assert "FP32 stays: nothing within the budget".replace(":", r"\:") in at.info[0].value
    assert "Timed again" not in at.info[0].value


def test_without_labels_nothing_is_called_accuracy(app, finished):
    report = made_race_report()
    bare = tuple(variant.model_copy(update={"accuracy": None}) for variant in report.variants)
    for view in ("Overview", "Race", "Take home"):
        assert "accuracy" not in words(results(app, finished, made_race_report(variants=bare), view)).lower()
