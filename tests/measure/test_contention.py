import pytest

from engine.measure.contention import Load, busy_note

BEFORE = Load(wall=0.0, machine=100.0, own=10.0)


def after(machine, own, wall=10.0):
    return Load(wall=wall, machine=BEFORE.machine + machine, own=BEFORE.own + own)


@pytest.mark.parametrize(
    ("machine", "own", "threads", "cores", "busy"),
    [(20, 19.5, 2, 2, False), (20, 12, 2, 2, True), (20, 12, 2, 8, False), (75, 5, 2, 8, True), (10, 10, 1, 1, False)],
)
def test_busy_is_when_too_few_cores_are_left_for_the_threads(machine, own, threads, cores, busy):
    note = busy_note(BEFORE, after(machine, own), threads, cores)
    assert (note is not None) is busy


def test_the_warning_says_how_much_and_what_to_do():
    note = busy_note(BEFORE, after(20, 10), 2, 2)
    assert note.code == "machine_busy"
    assert "1.0 of 2 cores" in note.text
    assert "quiet machine" in note.text


def test_a_little_is_called_little():
    assert "which is little" in busy_note(BEFORE, after(20, 16), 2, 2).text
    assert "which is little" not in busy_note(BEFORE, after(20, 13), 2, 2).text


def test_the_counters_grow():
    first, second = Load.now(), Load.now()
    assert second.wall >= first.wall
    assert second.machine >= first.machine
    assert second.own >= first.own
