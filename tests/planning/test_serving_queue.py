"""The simulated queue, beside what queueing theory knows."""

import numpy as np
import pytest

from engine.planning.serving_queue import arrival_times, service_s, simulate
from engine.results import ServiceTimes

FIXED = ServiceTimes(call_ms={1: 8.0}, added_ms=2.0)
SHARED = ServiceTimes(call_ms={1: 8.0, 8: 12.0}, added_ms=0.5)


def test_one_by_one_waits_as_often_as_theory_says():
    # M/D/1: a request finds the server free with the share of time that it is idle, 1 - rate * service.
    figures = simulate(FIXED, 1, 0.0, rate=40.0, n=200_000)
    waits = simulate(FIXED, 1, 0.0, rate=60.0, n=200_000)
    assert figures.p50_ms == pytest.approx(10.0, abs=1e-6)  # idle 60 %
    assert waits.p50_ms > 10.5  # idle 40 %
    assert figures.per_s == pytest.approx(40.0, rel=0.02)


def test_beyond_what_it_can_serve_the_queue_grows():
    figures = simulate(FIXED, 1, 0.0, rate=200.0, n=5_000)
    assert figures.per_s == pytest.approx(100.0, rel=0.02)
    assert figures.p99_ms > 10_000


def test_batches_carry_what_one_by_one_cannot():
    alone, together = (simulate(SHARED, size, 2.0, rate=200.0, n=20_000) for size in (1, 8))
    assert together.per_s == pytest.approx(200.0, rel=0.02)
    assert together.p99_ms < 100 < alone.p99_ms


def test_at_low_rates_a_request_waits_for_the_rest_of_the_window():
    # Windows follow each other where nobody comes: the wait is uniform between none and the whole.
    figures = simulate(FIXED, 8, 20.0, rate=0.5, n=4_000)
    assert figures.p50_ms == pytest.approx(10 + 10, abs=1.0)
    assert figures.p99_ms == pytest.approx(10 + 20, abs=1.0)


def test_service_times_between_and_beyond_those_that_were_measured():
    assert 1000 * service_s(SHARED, 1) == pytest.approx(8.5)
    assert 1000 * service_s(SHARED, 4) == pytest.approx(8 + 4 * 3 / 7 + 2)
    assert 1000 * service_s(SHARED, 16) == pytest.approx(24 + 8)


def test_arrivals_are_seeded_and_of_the_rate():
    assert np.array_equal(arrival_times(5.0, 100, 3), arrival_times(5.0, 100, 3))
    assert arrival_times(5.0, 10_000, 3)[-1] == pytest.approx(2000, rel=0.05)
