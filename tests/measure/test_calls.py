import numpy as np
import pytest

from engine.measure import calls
from engine.measure.calls import Calls, time_calls, waited_within


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    """Calls count as they do in the product."""
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)
    monkeypatch.setattr(calls, "STOLEN_TOLERANCE", 0.05)


def made_calls(ms, waited_ms=None, switches=None, stolen=0.0):
    ms = np.array(ms, dtype=float)
    waited = np.full(len(ms), np.nan) if waited_ms is None else np.array(waited_ms, dtype=float)
    return Calls(ms, ms, np.zeros(len(ms)) if switches is None else np.array(switches), waited, stolen)


def test_a_call_counts_up_to_two_percent_of_waiting():
    assert made_calls([10, 10, 10], [0.0, 0.2, 0.21]).undisturbed.tolist() == [True, True, False]


def test_where_the_system_accounts_no_waiting_a_switch_disturbs():
    assert made_calls([10, 10], switches=[0, 1]).undisturbed.tolist() == [True, False]
    assert made_calls([10, 10], [0.0, 0.0], switches=[0, 1]).undisturbed.all()


def test_time_that_the_hypervisor_gave_to_others_disturbs_all_calls():
    assert not made_calls([10, 10], [0.0, 0.0], stolen=0.06).undisturbed.any()
    assert made_calls([10, 10], [0.0, 0.0], stolen=0.04).undisturbed.all()


def test_a_wait_belongs_to_the_calls_that_it_lay_in():
    began, ended = np.array([0.0, 10.0, 20.0, 30.0]), np.array([9.0, 19.0, 29.0, 39.0])
    waits = np.zeros((4, 2))
    waits[2, 0] = 15.0  # accounted at 29 ms; if it was over at 20 ms it began at 5 ms, within the first call
    waits[3, 1] = 1.0
    assert waited_within(began, ended, waits).tolist() == [4.0, 9.0, 15.0, 1.0]


def test_the_longest_wait_of_any_thread_counts():
    began, ended = np.array([0.0]), np.array([10.0])
    assert waited_within(began, ended, np.array([[1.0, 3.0]])).tolist() == [3.0]
    assert waited_within(began, ended, np.empty((1, 0))).tolist() == [0.0]


def test_calls_are_counted_and_their_counters_read():
    made = []
    timed = time_calls(made.append, np.zeros(1), n_calls=7, seconds=60.0)
    assert len(timed.ms) >= 7
    assert len(made) == len(timed.ms) == len(timed.processor_ms) == len(timed.switches) == len(timed.waited_ms)
    assert (timed.ms > 0).all()


def test_calls_that_are_all_disturbed_end_with_the_time(monkeypatch):
    monkeypatch.setattr(calls, "TOLERANCE", -1.0)
    assert len(time_calls(lambda images: None, np.zeros(1), n_calls=3, seconds=0.0).ms) == calls.MIN_CALLS
    prolonged = time_calls(lambda images: None, np.zeros(1), n_calls=3, seconds=0.05)
    assert len(prolonged.ms) > calls.ENOUGH_CALLS


@pytest.mark.parametrize("n_calls", [3, 5, 50])
def test_undisturbed_calls_are_not_prolonged(n_calls, monkeypatch):
    monkeypatch.setattr(calls, "TOLERANCE", np.inf)
    monkeypatch.setattr(calls, "STOLEN_TOLERANCE", np.inf)
    assert len(time_calls(lambda images: None, np.zeros(1), n_calls, seconds=60.0).ms) == n_calls
