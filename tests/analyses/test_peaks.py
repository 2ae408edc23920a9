"""This machine's peaks: a row for everything that is measured, and what is missing with its reason."""

from contextlib import nullcontext

import pytest

from engine.analyses import peaks as analysis
from engine.errors import TargetError
from engine.measure.peaks import PeakTrial
from engine.results import codes
from engine.settings import PeaksRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import environment
from tests.made_machine import made_rate


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """The peaks, with rates and errors in place of measurements, and the trials that were asked for."""

    def run(rates=lambda name: made_rate(100.0), refused=(), **asked):
        trials: dict[str, PeakTrial] = {}

        def answer(given, work, on_trial, deadline):
            trials.update(given)
            on_trial(next(iter(given)), 0.5)
            errors = {name: TargetError("not here", "Choose") for name in given if name in refused}
            return {name: rates(name) for name in given if name not in refused}, errors

        monkeypatch.setattr(analysis, "measure_rates", answer)
        monkeypatch.setattr(analysis, "watched", lambda threads: nullcontext([]))
        events = []
        folder = JobFolder(tmp_path / "job")
        return analysis.peaks(PeaksRequest(**asked), folder, Progress(events.append)), trials, events

    return run


def test_every_runtime_is_asked_for_every_data_type_and_operation_and_memory_once(measured):
    found, trials, events = measured(threads=1)
    assert len(found.peaks) == 3 * len(analysis.ROWS) == len(trials) - 1
    assert all(one.rate == made_rate(100.0) for one in found.peaks)
    assert found.bandwidth == made_rate(100.0)
    assert {trial.target.threads for trial in trials.values()} == {found.threads} == {1}
    assert trials["GEMM in BF16 through OpenVINO"].target.precision == "bf16"
    assert trials["GEMM in FP32 through OpenVINO"].target.precision == "f32"
    assert (found.environment, found.warnings) == (environment(), ())
    assert "measuring GEMM in FP32 through onnxruntime" in str(events)


def test_what_a_runtime_does_not_do_here_has_a_reason(measured):
    found, _, _ = measured(refused=["GEMM in BF16 through OpenVINO"])
    (missing,) = [one for one in found.peaks if one.rate is None]
    assert (missing.runtime, missing.data_type, missing.operation, missing.reason) == (
        *("openvino", "bf16", "gemm"),
        "not here",
    )


def test_what_was_disturbed_is_told(measured):
    found, _, _ = measured(rates=lambda name: made_rate(100.0, disturbed="GEMM" in name))
    (note,) = found.warnings
    assert note.code == codes.NOT_MEASURED
    assert "6 of 19 rates" in note.text
    assert found.is_estimate


@pytest.mark.parametrize(("memory", "elements"), [(10**12, 1 << 25), (1 << 28, 1 << 22)])
def test_the_tensor_that_no_cache_holds_leaves_the_memory_its_room(measured, monkeypatch, memory, elements):
    monkeypatch.setattr(analysis, "memory_bytes", lambda: memory)
    _, trials, _ = measured()
    assert trials[analysis.BANDWIDTH].graph.input_shape == (1, elements)
