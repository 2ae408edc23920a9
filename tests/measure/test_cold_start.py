"""Load time, first call and peak memory: what fresh processes measure, and what is said of it."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest

from engine.errors import RunError
from engine.measure import cold_start as module
from engine.measure.cold_start import cold_start_note, cold_start_of, measure_cold_starts
from engine.measure.first_call import LIBRARIES, FirstCallRequest
from engine.measure.inputs_file import read_inputs, write_inputs
from engine.models.graph import read_onnx
from engine.results.cold_start import FirstCall
from engine.runtimes import RUNTIMES
from engine.settings import Target
from tests.models.small import Shape, small_classifier

TARGET = Target(threads=1)
IMAGES = np.zeros((1, 3, 32, 32), np.float32)
CALLER = """
import sys
from pathlib import Path
from engine.measure.first_call import FUNCTION
from engine.system.fresh_processes import FreshProcesses
from engine.system.sandbox import Policy
folders = tuple(Path(folder) for folder in sys.argv[2:])
print(FreshProcesses(FUNCTION, Policy(readable=folders)).call(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 32, 32))), path)
    return read_onnx(path)


def first(load_ms: float) -> FirstCall:
    return FirstCall(import_ms=20, load_ms=load_ms, first_call_ms=2, import_bytes=18_000_000, session_bytes=90_000_000)


class Scripted:
    """Fresh processes whose loads take these milliseconds, in this order; an error in place of one is raised."""

    def __init__(self, *loads):
        self.loads, self.files = iter(loads), []

    def call(self, argument):
        self.files.append(FirstCallRequest.model_validate_json(argument).file)
        load = next(self.loads)
        if isinstance(load, RunError):
            raise load
        return first(load).model_dump_json()


def measured(model, tmp_path, *loads):
    processes = Scripted(*loads)
    models = {"base": model, "other": model}
    targets = dict.fromkeys(models, TARGET)
    events = []
    outcome = measure_cold_starts(
        models, "base", targets, IMAGES, processes, tmp_path, lambda *done: events.append(done)
    )
    return outcome, processes, events


def test_every_runtime_has_the_library_that_a_program_imports():
    assert LIBRARIES.keys() == RUNTIMES.keys()


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_fresh_process_measures_what_it_waits_for_and_the_memory_of_it(model, tmp_path, runtime):
    provider = {"onnxruntime": "CPUExecutionProvider", "openvino": "CPU"}[runtime]
    request = FirstCallRequest(
        file=str(model.path),
        target=TARGET.model_copy(update={"runtime": runtime, "provider": provider}),
        output_names=tuple(model.output_names),
        inputs=str(write_inputs(IMAGES, tmp_path)),
    )
    ended = subprocess.run(
        [sys.executable, "-c", CALLER, request.model_dump_json(), model.path.parent, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(ended.stdout)
    assert all(value > 0 for value in measured.values()), measured
    assert measured["import_bytes"] > 5_000_000  # a library of tens of megabytes


def test_files_take_turns_and_are_compared_round_by_round(model, tmp_path):
    outcome, processes, events = measured(model, tmp_path, 100, 50, 200, 80, 110, 55)
    assert outcome["base"].load_ms.model_dump() == {"median": 110, "low": 100, "high": 200}
    assert outcome["base"].load_ratio is None
    assert outcome["other"].load_ratio.model_dump() == {"median": 0.5, "low": 0.4, "high": 0.5}
    assert outcome["other"].n_processes == 3
    assert len(processes.files) == 6
    assert events[0] == (0, 6)
    assert events[-1] == (5, 6)


def test_after_the_time_no_further_round_begins(model, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_SECONDS", -1.0)
    outcome, _, _ = measured(model, tmp_path, 100, 50)
    assert [one.n_processes for one in outcome.values()] == [1, 1]
    assert cold_start_note(outcome["other"], outcome["base"]) is None


def test_a_file_whose_process_fails_costs_the_others_nothing(model, tmp_path):
    outcome, processes, _ = measured(model, tmp_path, 100, RunError("it ended"), 100, 100)
    assert isinstance(outcome["other"], RunError)
    assert outcome["base"].n_processes == 3
    assert len(processes.files) == 4


@pytest.mark.parametrize(
    ("loads", "says"),
    [
        ((300, 310, 290), "loads slower than the baseline: 300 ms until the session is open (290 to 310 in 3 fresh"),
        ((30, 40, 35), "loads faster than the baseline: 35 ms"),
        ((100, 110, 90), None),  # as fast
        ((300, 310, 110), None),  # not in every round
    ],
)
def test_a_clear_difference_in_every_round_is_noted(loads, says):
    base = [first(100), first(100), first(100)]
    own = cold_start_of([first(load) for load in loads], TARGET, base)
    note = cold_start_note(own, cold_start_of(base, TARGET))
    assert (note is None) if says is None else (says in note.text), note


def test_a_difference_that_nobody_waits_for_is_not_noted():
    base = [first(2)] * 3
    assert cold_start_note(cold_start_of([first(6)] * 3, TARGET, base), cold_start_of(base, TARGET)) is None


@pytest.mark.parametrize("inputs", [IMAGES, {"ids": np.ones((1, 4), np.int64), "mask": np.zeros((1, 4), bool)}])
def test_inputs_are_read_as_they_were_written(tmp_path, inputs):
    again = read_inputs(write_inputs(inputs, tmp_path))
    if isinstance(inputs, np.ndarray):
        assert np.array_equal(again, inputs)
        return
    assert again.keys() == inputs.keys()
    assert all(again[name].dtype == inputs[name].dtype for name in inputs)
