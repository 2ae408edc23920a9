import pytest

from engine.planning.timeline import timeline
from engine.results import Event, Failure
from tests.planning.test_estimate import INT8, TUNE, recipe

PRUNE, WEIGHTS, HALF = (
    "{technique: prune, ratio: 0.3}",
    "{technique: quantize, method: weights}",
    "{technique: float16}",
)
TWO = recipe(f"branches: [[{PRUNE}, {INT8}], [{PRUNE}, {WEIGHTS}]]")
START, BASELINE, PRUNED, STATIC, EIGHT, ALL = (
    "start",
    "baseline",
    "chain 1, step 1: prune",
    "chain 1, step 2: quantize",
    "chain 2, step 2: quantize",
    "all variants",
)


def told(*steps: str, fraction: float = 0.5, **more) -> tuple[Event, ...]:
    """An event a step, ten seconds from one to the next, the first at noon."""
    return tuple(
        Event(
            time=at(10 * number),
            step=step,
            phase="p",
            fraction=fraction,
            message=f"in {step}",
            step_fraction=0.25,
            **more,
        )
        for number, step in enumerate(steps)
    )


def at(seconds: int) -> str:
    return f"2026-01-01T12:{seconds // 60:02}:{seconds % 60:02}.000+00:00"


def failure(branch: int | None, step: int | None) -> Failure:
    return Failure(branch=branch, step=step, technique=None, code="step", message="it broke", next="")


def states(*args, **more) -> list[str]:
    return [part.state for part in timeline(*args, **more)]


def test_a_run_that_waits_has_all_its_parts_before_it():
    parts = timeline(TWO, (), "queued")
    assert [part.key for part in parts] == [START, BASELINE, PRUNED, STATIC, EIGHT, ALL]
    assert {(part.state, part.seconds, part.fraction, part.message) for part in parts} == {("waiting", None, 0.0, "")}
    assert [(part.chain, part.step) for part in parts] == [
        (None, None),
        (None, None),
        (0, 0),
        (0, 1),
        (1, 1),
        (None, None),
    ]


def test_what_runs_stands_between_what_is_done_and_what_waits():
    parts = timeline(TWO, told(START, BASELINE, PRUNED, PRUNED), "running", until=at(45))
    assert [part.state for part in parts] == ["done", "done", "running", "waiting", "waiting", "waiting"]
    assert [part.seconds for part in parts] == [10, 10, 25, None, None, None]
    assert [part.fraction for part in parts] == [1, 1, 0.25, 0, 0, 0]
    assert parts[2].message == f"in {PRUNED}"
    assert parts[2].title == "Prune channels: remove 30 % of the channels"


def test_without_a_time_the_last_part_lasts_until_its_last_event():
    assert [part.seconds for part in timeline(TWO, told(START, START, BASELINE), "running")][:3] == [20, 0, None]


def test_a_run_that_is_done_has_nothing_before_it():
    parts = timeline(TWO, told(START, BASELINE, PRUNED, STATIC, EIGHT, ALL, fraction=1.0), "done", until=at(63))
    assert {part.state for part in parts} == {"done"}
    assert parts[-1].seconds == 13


FAILED = [
    # a chain that failed, while the run goes on and when it has ended
    ("running", (START, BASELINE, PRUNED, STATIC), 0.5, ((0, 1),), "done done done failed waiting waiting"),
    ("running", (START, BASELINE, PRUNED, STATIC, EIGHT), 0.5, ((0, 1),), "done done done failed running waiting"),
    ("failed", (START, BASELINE, PRUNED, STATIC, EIGHT, ALL), 1.0, ((0, 1),), "done done done failed done done"),
    # the step that chains share failed in both, before it could tell anything, and what comes after it never began
    ("running", (START, BASELINE), 0.5, ((0, 0),), "done done failed waiting waiting waiting"),
    ("failed", (START, BASELINE, ALL), 1.0, ((0, 0), (1, 0)), "done done failed skipped skipped done"),
    # the run itself broke off: alone, with its reason in the report, and after a chain had failed
    ("failed", (START, BASELINE), 0.5, (), "done failed skipped skipped skipped skipped"),
    ("failed", (START, BASELINE), 0.5, ((None, None),), "done failed skipped skipped skipped skipped"),
    ("failed", (START, BASELINE, PRUNED, STATIC, EIGHT), 0.5, ((0, 1),), "done done done failed failed skipped"),
    ("failed", (), 0.0, (), "skipped skipped skipped skipped skipped skipped"),
]


@pytest.mark.parametrize(("state", "steps", "fraction", "failures", "expected"), FAILED)
def test_failures_stand_where_they_happened(state, steps, fraction, failures, expected):
    given = [failure(*where) for where in failures]
    assert states(TWO, told(*steps, fraction=fraction), state, given) == expected.split()


def test_a_cancelled_run_ends_in_the_part_that_it_was_in():
    events = told(START, BASELINE, PRUNED)
    assert states(TWO, events, "cancelled") == ["done", "done", "cancelled", "skipped", "skipped", "skipped"]
    assert states(TWO, (), "cancelled") == ["skipped"] * 6


def test_seconds_of_a_shared_step_that_is_tried_again_are_added_up():
    parts = timeline(TWO, told(START, BASELINE, PRUNED, STATIC, PRUNED), "running", [failure(0, 1)], until=at(47))
    assert [part.seconds for part in parts][:4] == [10, 10, 17, 10]


def test_a_leading_finetune_is_a_part_of_the_baseline():
    parts = timeline(recipe(f"steps: [{TUNE}, {INT8}]"), told(START, BASELINE), "running")
    assert [part.title for part in parts][1] == "Baseline: fine-tune for 3 epochs and export"
    assert [part.step for part in parts] == [None, None, 1, None]


def test_events_of_earlier_versions_are_understood():
    old = Event.model_validate_json(
        f'{{"time": "{at(0)}", "step": "{PRUNED}", "phase": "p", "fraction": 0.5, "message": "m", "metrics": {{}}}}'
    )
    assert [(part.state, part.fraction) for part in timeline(TWO, (old,), "running")][2] == ("running", 0.0)
