"""Graphs of one operation: they do what is counted, in the data type that they name; and the rates of their calls."""

import numpy as np
import onnx
import pytest

from engine.errors import TargetError
from engine.measure import calls, peaks
from engine.measure.calls import Calls
from engine.measure.latency import RoundTiming
from engine.measure.peak_graphs import OUTPUT, STREAM_LENGTH, peak_graph, stream_graph
from engine.models.workload import count_workload
from engine.results.machine import OPERATIONS
from engine.runtimes import open_session
from engine.settings import Target

ALL = [(operation, data_type) for operation in OPERATIONS for data_type in ("f32", "f16", "int8")]


@pytest.mark.parametrize(("operation", "data_type"), ALL)
def test_a_graph_does_the_operations_that_are_counted_in_its_data_type(operation, data_type):
    graph = peak_graph(operation, data_type)
    counted = count_workload(onnx.load_from_string(graph.model), None, "f32")
    (share,) = counted.shares
    batch = graph.input_shape[0]
    assert (share.operation, share.data_type) == (operation, data_type)
    assert share.operations * batch == graph.amount


@pytest.mark.parametrize("data_type", ["f32", "f16", "int8"])
def test_its_values_neither_vanish_nor_overflow(tmp_path, data_type):
    graph = peak_graph("depthwise", data_type)
    (tmp_path / "graph.onnx").write_bytes(graph.model)
    inputs = np.random.default_rng(0).standard_normal(graph.input_shape, dtype=np.float32)
    with open_session(tmp_path / "graph.onnx", Target(threads=1), output_names=[OUTPUT]) as session:
        values = session(inputs)[OUTPUT].astype(np.float64)
    assert values.shape == graph.input_shape
    assert 0.1 < values.std() < 2


def test_a_stream_reads_and_writes_what_is_counted(tmp_path):
    graph = stream_graph(1000)
    assert graph.amount == 4 * 1000 * (2 * STREAM_LENGTH + 1)
    (tmp_path / "stream.onnx").write_bytes(graph.model)
    inputs = np.arange(1000, dtype=np.float32).reshape(graph.input_shape)
    with open_session(tmp_path / "stream.onnx", Target(threads=1), output_names=[OUTPUT]) as session:
        assert session(inputs)[OUTPUT].item() == 999 + STREAM_LENGTH


@pytest.fixture
def strict(monkeypatch):
    """Calls count as they do in the product."""
    monkeypatch.setattr(calls, "TOLERANCE", 0.02)


def round_of(*ms, waited=0.0):
    times = np.array(ms, dtype=float)
    return RoundTiming(Calls(times, times, np.zeros(len(ms)), np.full(len(ms), waited)), 2, {})


def test_a_rate_is_that_of_the_undisturbed_calls_and_lies_in_its_interval(strict):
    quick, busy = (
        [round_of(2.0, 2.0, 2.2), round_of(1.9, 1.9, 2.0), round_of(2.1, 2.1, 2.1)],
        round_of(9.0, 9.0, 1.0, waited=5.0),
    )
    rate = peaks.rate([*quick, busy], 2_000_000_000)
    assert rate.low < rate.measured < rate.high
    assert rate.measured == pytest.approx(1000, rel=0.01)
    assert rate.fastest == pytest.approx(2000)
    assert (rate.n_runs, rate.n_disturbed) == (9, 3)


def test_too_few_undisturbed_rounds_leave_the_fastest_call_alone(strict):
    rate = peaks.rate([round_of(2.0, 2.0, 2.0), *[round_of(4.0, 3.0, 5.0, waited=5.0)] * 4], 2_000_000_000)
    assert (rate.measured, rate.low, rate.high) == (None, None, None)
    assert rate.ceiling == rate.fastest == pytest.approx(1000)


def test_what_a_runtime_does_not_do_has_an_error_and_the_others_a_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(peaks, "N_ROUNDS", 3)
    monkeypatch.setattr(peaks, "MOST_EXTRA", 0)
    trials = {
        "works": peaks.PeakTrial(stream_graph(1000), Target(threads=1)),
        "missing": peaks.PeakTrial(stream_graph(1000), Target(provider="NoSuchProvider", threads=1)),
    }
    events = []
    rates, errors = peaks.measure_rates(trials, tmp_path, lambda name, share: events.append((name, share)))
    assert list(rates) == ["works"]
    assert isinstance(errors["missing"], TargetError)
    assert [share for _, share in events] == sorted(share for _, share in events)
    assert 0 <= events[0][1] <= events[-1][1] <= 1


def test_after_the_deadline_there_is_one_round(tmp_path):
    trials = {"works": peaks.PeakTrial(stream_graph(1000), Target(threads=1))}
    events = []
    peaks.measure_rates(trials, tmp_path, lambda name, share: events.append(name), deadline=0.0)
    assert events == ["works"]
