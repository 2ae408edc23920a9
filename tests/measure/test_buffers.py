"""Files on a card are timed with both kinds of buffers in the same rounds; the CPU is the card here."""

import numpy as np
import onnx
import pytest

from engine.errors import RunError
from engine.measure import timing
from engine.measure.timing import time_files
from engine.models.graph import read_onnx
from engine.runtimes import open_session
from engine.settings import Target
from tests.models.small import Shape, small_classifier

IMAGES = np.zeros((2, 3, 16, 16), dtype=np.float32)
NAMES = ["arrays in memory", "buffers on the card"]
TARGET = Target(threads=1, batch_size=2)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("buffers") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), path)
    return {"a": read_onnx(path), "b": read_onnx(path)}


@pytest.fixture
def card(monkeypatch):
    monkeypatch.setattr(timing, "CUDA", TARGET.provider)


def timed(models, target, **changes):
    return time_files(models, "a", target, IMAGES, lambda done, total: None, n_rounds=3, **changes)


@pytest.mark.parametrize("bound", [False, True])
def test_the_p50_is_that_of_the_target_and_the_other_stands_beside_it(card, models, bound):
    found = timed(models, TARGET.model_copy(update={"bound": bound}), both_buffers=True).latencies
    assert set(found) == set(models)
    for pair in found.values():
        assert pair.latency.buffers == ("bound" if bound else "numpy")
        assert pair.latency.other_buffers_p50_ms > 0
        own, _, other = pair.latency.buffers_text.partition(", ")
        assert [text.partition(" ms with ")[2] for text in (own, other)] == NAMES[:: -1 if bound else 1]


def test_a_race_and_a_cpu_are_timed_once(card, models, monkeypatch):
    assert timed(models, TARGET).latencies["b"].latency.other_buffers_p50_ms is None
    monkeypatch.undo()
    latency = timed(models, TARGET, both_buffers=True).latencies["b"].latency
    assert (latency.buffers, latency.other_buffers_p50_ms, latency.buffers_text) == ("numpy", None, "")


def test_what_does_not_run_with_the_other_buffers_costs_that_figure_alone(card, models, monkeypatch):
    def fail(path, target, *, output_names):
        if target.bound:
            raise RunError("no buffers")
        return open_session(path, target, output_names=output_names)

    monkeypatch.setattr("engine.measure.trial_call.open_session", fail)
    found = timed(models, TARGET, both_buffers=True)
    assert found.errors == {}
    assert {pair.latency.other_buffers_p50_ms for pair in found.latencies.values()} == {None}


def test_where_the_baseline_does_not_run_the_errors_are_those_of_files_alone(card, models, monkeypatch):
    def fail(path, target, *, output_names):
        raise RunError("no card")

    monkeypatch.setattr("engine.measure.trial_call.open_session", fail)
    found = timed(models, TARGET, both_buffers=True)
    assert (found.latencies, set(found.errors)) == ({}, set(models))
