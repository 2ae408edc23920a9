"""One round after the other: what is known after one, what after three, and which calls count."""

import math

import numpy as np
import onnx
import pytest

from engine.measure.calls import Calls
from engine.measure.cell_timing import least_ms, round_figures, time_round
from engine.measure.latency import RoundTiming
from engine.models.graph import read_onnx
from engine.settings import Target
from tests.models.small import Shape, small_classifier


def timing(*ms: float, waited: float = 0.0) -> RoundTiming:
    calls = np.array(ms)
    return RoundTiming(Calls(calls, calls, np.zeros(len(ms), int), np.full(len(ms), waited)), 1, {})


def test_a_round_calls_the_file_at_its_target(tmp_path):
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), tmp_path / "small.onnx")
    found = time_round(
        read_onnx(tmp_path / "small.onnx"), Target(threads=1, batch_size=2), np.zeros((2, 3, 16, 16), np.float32)
    )
    assert len(found.calls.ms) >= 3
    assert found.options["intra_op_num_threads"] == "1"


def test_one_round_gives_a_figure_and_three_give_an_interval():
    one = round_figures([timing(1.0, 2.0, 3.0)])
    assert (one.p50_ms, one.low_ms, one.high_ms, one.n_rounds, one.n_runs) == (pytest.approx(2.0), None, None, 1, 3)
    three = round_figures([timing(2.0, 2.0, 2.0), timing(4.0, 4.0, 4.0), timing(8.0, 8.0, 8.0)])
    assert three.p50_ms == pytest.approx(4.0)
    assert three.low_ms < 4.0 < three.high_ms
    assert (three.n_rounds, three.n_runs) == (3, 9)


def test_disturbed_calls_count_nothing(monkeypatch):
    monkeypatch.setattr("engine.measure.calls.TOLERANCE", 0.02)
    found = round_figures([timing(2.0, 2.0, 2.0), timing(9.0, 9.0, 9.0, waited=math.inf)])
    assert (found.p50_ms, found.n_rounds, found.n_disturbed) == (pytest.approx(2.0), 1, 3)
    assert round_figures([timing(9.0, 9.0, 9.0, waited=math.inf)]) is None


def test_the_shortest_call_is_known_even_where_others_disturbed():
    assert least_ms(timing(3.0, 1.5, 9.0, waited=math.inf)) == 1.5
