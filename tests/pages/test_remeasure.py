"""Measuring the latencies of a run again, on its page."""

import pytest

from engine import list_jobs, start_remeasure
from engine.results import LatencyMeasurement, Note
from engine.store.folders import Outcome, now
from engine.store.home import Home
from tests.made import made_disturbed_report, made_race_report, made_report
from tests.pages.conftest import claim
from tests.pages.test_pages import button, words

MEASUREMENT = LatencyMeasurement(
    created="2026-01-01T00:00:00+00:00", cpu="A CPU", latencies={}, throughputs={}, estimates={}, stands=True
)


def jobs():
    return list_jobs("remeasure")


def test_what_was_disturbed_is_an_estimate_and_is_measured_again_by_one_press(app, finished, queue):
    at = app("pages/results.py", run=finished(made_disturbed_report()).id)
    assert "2 of 2 variants have no measured speed" in words(at)
    assert at.table[0].value["Speed"].tolist()[1] == ":gray[about 2, an estimate]"
    assert "machine busy" in at.table[0].value["Verdict"].tolist()[1]
    button(at, "Measure again").click().run()
    assert not at.exception
    (job,) = jobs()
    assert job.name.startswith("Measure again: ")
    assert at.query_params["remeasure"] in (job.id, [job.id])
    assert "Measuring the latencies again" in words(at)
    button(at, "Stop").click().run()
    assert not at.exception
    assert [one.state for one in jobs()] == ["cancelled"]


def test_a_measurement_that_failed_says_why_and_can_be_tried_again(app, finished, queue, home: Home):
    run = finished(made_disturbed_report())
    at = app("pages/results.py", run=run.id)
    button(at, "Measure again").click().run()
    id = claim(queue, "run")
    error = Note(code="memory", text="the job ran out of memory")
    queue.finish(
        id,
        Outcome(state="failed", error=error, next="Wait a while", exit_status=1, started=now(), finished=now()),
    )
    at = app("pages/results.py", run=run.id, remeasure=id)
    assert [one.value for one in at.error if "Wait a while" in one.value]
    assert button(at, "Measure again")


@pytest.mark.parametrize(
    ("stands", "says"),
    [(True, "figures shown are the new ones"), (False, "with as many and without busy programs beside it, stands")],
)
def test_a_measurement_that_ended_says_whether_it_stands(app, finished, queue, stands, says):
    measurements = (
        MEASUREMENT.model_copy(update={"stands": not stands}),
        MEASUREMENT.model_copy(update={"stands": stands}),
    )
    run = finished(made_report(measurements=measurements))
    at = app("pages/results.py", run=run.id)
    start_remeasure(run.id)
    id = claim(queue, "run")
    queue.finish(id, Outcome(state="done", error=None, next="", exit_status=0, started=now(), finished=now()))
    at = app("pages/results.py", run=run.id, remeasure=id)
    assert [one.value for one in (*at.success, *at.info) if says in one.value]


def test_a_measured_run_offers_it_in_its_menu_and_shows_which_measurement_stands(app, finished):
    run = finished(made_report(measurements=(MEASUREMENT.model_copy(update={"stands": False}), MEASUREMENT)))
    at = app("pages/results.py", run=run.id)
    assert not [one for one in at.button if one.label == "Measure again"]
    at = app("pages/results.py", run=run.id, view="How it was measured")
    (table,) = [one.value for one in at.table if "Measured" in one.value.columns]
    assert table[""].tolist() == ["", ":green-badge[stands]"]


def test_a_speed_that_only_a_candidate_lacks_is_still_told(app, finished):
    """No card offers to measure the candidates of a race again, so the warning stays."""
    note = Note(code="not_measured", text="the speed of 1 of 6 files was not measured")
    at = app("pages/results.py", run=finished(made_race_report(warnings=(note,))).id)
    assert [one.value for one in at.warning if "1 of 6 files" in one.value]
    at = app("pages/results.py", run=finished(made_disturbed_report()).id)
    assert not [one.value for one in at.warning if "disturbed the calls" in one.value]
