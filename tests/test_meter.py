import pytest

from engine.estimating import PlannedPhase
from engine.meter import REUSED, Meter
from engine.store.progress import Progress

PLAN = (
    PlannedPhase("start", "starting", 10.0),
    PlannedPhase("one", "prune", 40.0),
    PlannedPhase("one", "export", 10.0),
    PlannedPhase("two", "quantize", 20.0),
    PlannedPhase("end", "latency", 20.0),
)


@pytest.fixture
def events():
    return []


@pytest.fixture
def meter(events):
    return Meter(Progress(events.append), PLAN)


def test_the_fraction_is_the_share_of_the_planned_seconds(meter, events):
    for planned in PLAN:
        tell = meter.begin(planned.part, planned.phase)
        tell(0.5, "half", loss=0.1)
        tell(1.0, "done")
    assert [event.fraction for event in events] == [0.05, 0.1, 0.3, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert [event.step_fraction for event in events] == [0.5, 1, 0.4, 0.8, 0.9, 1, 0.5, 1, 0.5, 1]
    assert (events[0].step, events[0].phase, events[0].metrics) == ("start", "starting", {"loss": 0.1})


def test_what_was_there_already_takes_no_share_from_the_rest(meter, events):
    meter.begin("start", "starting")(1.0, "started")
    meter.begin("one", "prune").reuse()
    meter.begin("one", "export")(0.5, "half")
    assert [event.fraction for event in events] == [0.1, round(10 / 60, 4), 0.25]
    assert [event.step_fraction for event in events] == [1, 0, 0.5]
    assert [event.message for event in events] == ["started", REUSED, "half"]


def test_a_part_that_has_told_something_is_not_called_reused_for_what_follows(meter, events):
    meter.begin("one", "prune")(1.0, "pruned")
    meter.begin("one", "export").reuse()
    assert [event.message for event in events] == ["pruned"]


@pytest.mark.parametrize("last", [("end", "latency"), ("two", "quantize")])
def test_parts_that_never_begin_are_left_out(meter, events, last):
    meter.begin("start", "starting")
    meter.begin("one", "prune")(0.5, "failing")
    meter.begin(*last)(0.5, "half")
    meter.begin("end", "latency")(1.0, "done")
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert fractions[1] == round({"end": 60 / 70, "two": 60 / 90}[last[0]], 4)


def test_it_never_falls_where_a_phase_goes_back_or_was_not_planned(meter, events):
    meter.begin("start", "starting")(1.0, "started")
    tell = meter.begin("one", "prune")
    tell(0.9, "nearly")
    tell(0.2, "again")
    meter.begin("two", "quantize")(1.0, "done")
    meter.begin("one", "prune")(0.5, "another chain tries the same")
    meter.begin("one", "prune").reuse()
    meter.begin("end", "latency")(1.0, "done")
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
