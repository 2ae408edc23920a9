from contextlib import contextmanager

import pytest

from engine.planning.estimate import PlannedPhase
from engine.run.progress import REUSED, RunProgress
from engine.store.progress import Progress
from engine.store.timings import PhaseTiming

PLAN = (
    PlannedPhase("start", "starting", 5.0, 10.0),
    PlannedPhase("one", "prune", 20.0, 40.0),
    PlannedPhase("one", "export", 5.0, 10.0),
    PlannedPhase("two", "quantize", 10.0, 15.0),
    PlannedPhase("two", "export", 5.0, 5.0),
    PlannedPhase("end", "latency", 20.0, 20.0),
)


@pytest.fixture
def events():
    return []


@pytest.fixture
def run_progress(events):
    return RunProgress(Progress(events.append), PLAN)


def test_the_fraction_is_the_share_of_the_planned_seconds(run_progress, events):
    for planned in PLAN:
        on_progress = run_progress.begin(planned.part, planned.phase)
        on_progress(0.5, "half", loss=0.1)
        on_progress(1.0, "done")
    assert [event.fraction for event in events] == [0.05, 0.1, 0.3, 0.5, 0.55, 0.6, 0.675, 0.75, 0.775, 0.8, 0.9, 1.0]
    assert [event.step_fraction for event in events] == [0.5, 1, 0.4, 0.8, 0.9, 1, 0.375, 0.75, 0.875, 1, 0.5, 1]
    assert (events[0].step, events[0].phase, events[0].metrics) == ("start", "starting", {"loss": 0.1})


def test_what_was_there_already_takes_no_share_from_the_rest(run_progress, events):
    run_progress.begin("start", "starting")(1.0, "started")
    run_progress.begin("one", "prune").end(reused=True)
    run_progress.begin("one", "export")(0.5, "half")
    assert [event.fraction for event in events] == [0.1, round(10 / 60, 4), 0.25]
    assert [event.step_fraction for event in events] == [1, 0, 0.5]
    assert [event.message for event in events] == ["started", REUSED, "half"]


def test_a_part_that_has_told_something_is_not_called_reused_for_what_follows(run_progress, events):
    run_progress.begin("one", "prune")(1.0, "pruned")
    run_progress.begin("one", "export").end(reused=True)
    assert [event.message for event in events] == ["pruned"]


@pytest.mark.parametrize("last", [("end", "latency"), ("two", "quantize")])
def test_parts_that_never_begin_are_left_out(run_progress, events, last):
    run_progress.begin("start", "starting")
    run_progress.begin("one", "prune")(0.5, "failing")
    run_progress.begin(*last)(0.5, "half")
    run_progress.begin("end", "latency")(1.0, "done")
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert fractions[1] == round({"end": 60 / 70, "two": 57.5 / 90}[last[0]], 4)


@pytest.fixture
def clock(monkeypatch):
    """The seconds of time.monotonic(), as the meter sees it."""
    now = [1000.0]
    monkeypatch.setattr("engine.run.progress.time.monotonic", lambda: now[0])
    return now


def test_what_was_done_from_its_beginning_to_its_end_is_timed_beside_the_formula(run_progress, clock):
    phase = run_progress.begin("start", "starting", began=997.0)
    clock[0] += 1
    phase.end()
    clock[0] += 5
    for part, seconds in (("one", 7), ("two", 9)):
        phase = run_progress.begin(part, "export")
        clock[0] += seconds
        phase.end()
    assert run_progress.timings == {
        "starting": PhaseTiming(estimated_seconds=5, measured_seconds=4),
        "export": PhaseTiming(estimated_seconds=10, measured_seconds=16),
    }


def test_where_less_was_done_than_planned_the_formula_s_seconds_are_fewer_too(run_progress, clock):
    phase = run_progress.begin("end", "latency")
    clock[0] += 6
    phase.learn(1 / 4)
    assert run_progress.timings == {"latency": PhaseTiming(estimated_seconds=5, measured_seconds=6)}


def test_what_was_reused_cut_short_broken_off_or_not_planned_is_not_timed(run_progress, clock):
    run_progress.begin("start", "starting").end(fresh=False)
    run_progress.begin("one", "prune").end(reused=True)
    run_progress.begin("one", "export")
    run_progress.begin("two", "simplify").end()
    assert run_progress.timings == {}


def test_waiting_for_others_is_not_timed(run_progress, clock):
    @contextmanager
    def held_by_others_for_a_minute():
        clock[0] += 60
        yield

    for part in ("start", "end"):
        phase = run_progress.begin(part, {"start": "starting", "end": "latency"}[part])
        with run_progress.holding(held_by_others_for_a_minute()):
            clock[0] += 2
        phase.end()
    assert [timing.measured_seconds for timing in run_progress.timings.values()] == [2, 2]


def test_it_never_falls_where_a_phase_goes_back_or_was_not_planned(run_progress, events):
    run_progress.begin("start", "starting")(1.0, "started")
    on_progress = run_progress.begin("one", "prune")
    on_progress(0.9, "nearly")
    on_progress(0.2, "again")
    run_progress.begin("two", "quantize")(1.0, "done")
    run_progress.begin("one", "prune")(0.5, "another chain tries the same")
    run_progress.begin("one", "prune").end(reused=True)
    run_progress.begin("end", "latency")(1.0, "done")
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
