"""What a run does with the cold starts of its variants."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import RunError
from engine.measure.cold_start import N_ROUNDS
from engine.results.cold_start import FirstCall
from engine.run.branch import RunContext
from engine.run.cold_start import add_cold_starts
from engine.settings import Target, parse_recipe
from tests.made import BASE, WON, made_race_report


class Builder:
    """Variants of a race's report, and what is added to them."""

    def __init__(self) -> None:
        self.variants = {one.id: one for one in made_race_report().variants}
        self.models = {id: SimpleNamespace(path=f"{id}.onnx", output_names=["logits"]) for id in self.variants}
        self.baseline = self.variants[BASE]
        self.recipe = parse_recipe("{model: {kind: sample}, data: {kind: sample}, steps: []}")
        self.cold_starts, self.notes = {}, {}

    def add_cold_start(self, id, cold_start):
        self.cold_starts[id] = cold_start

    def add_note(self, id, note):
        self.notes[id] = note.text


class Phase:
    def __init__(self) -> None:
        self.messages, self.share = [], 0.0

    def __call__(self, fraction, message):
        self.messages.append(message)

    def learn(self, share):
        self.share = share


@pytest.fixture
def added(tmp_path):
    def add(loads, targets=None):
        """Adds the cold starts where a file's loads take so long, by its id; an error in place of one is raised.

        `targets` are those of variants that have another one than the run.
        """

        def call(argument):
            load = next(load for id, load in loads.items() if id in argument)
            if isinstance(load, RunError):
                raise load
            figures = {"import_ms": 20, "first_call_ms": 2, "import_bytes": 1, "session_bytes": 2}
            return FirstCall(load_ms=load, **figures).model_dump_json()

        step_runner = SimpleNamespace(
            target=Target(threads=1), work=tmp_path, inputs=lambda n: np.zeros((n, 1, 8, 8), np.float32)
        )
        context, phase = RunContext(step_runner, Builder(), None, None, SimpleNamespace(call=call)), Phase()
        for id, target in (targets or {}).items():
            context.builder.variants[id] = context.builder.variants[id].model_copy(update={"target": target})
        add_cold_starts(context, phase)
        return context.builder, phase

    return add


def test_the_baseline_and_results_of_steps_have_one_and_candidates_have_none(added):
    builder, phase = added({BASE: 100.0, WON: 300.0})
    steps = [id for id, variant in builder.variants.items() if variant.role != "candidate"]
    assert list(builder.cold_starts) == steps == [BASE, WON]
    assert builder.cold_starts[WON].load_ratio.median == 3
    assert "loads slower than the baseline" in builder.notes[WON]
    assert phase.messages[-1] == f"cold start, process {2 * N_ROUNDS} of {2 * N_ROUNDS}"


def test_each_is_measured_at_its_own_target(added):
    builder, _ = added({BASE: 100.0, WON: 300.0}, {WON: Target(runtime="openvino", provider="CPU", threads=1)})
    assert [one.runtime for one in builder.cold_starts.values()] == ["onnxruntime", "openvino"]


def test_a_variant_whose_process_fails_says_so_and_the_others_have_theirs(added):
    builder, _ = added({BASE: 100.0, WON: RunError("its process ended: SIGKILL")})
    assert list(builder.cold_starts) == [BASE]
    assert builder.notes == {WON: "Its cold start was not measured: its process ended: SIGKILL"}


def test_a_baseline_whose_process_fails_leaves_the_others_without_a_ratio(added):
    builder, _ = added({BASE: RunError("it ended"), WON: 300.0})
    assert builder.cold_starts[WON].load_ratio is None
    assert list(builder.notes) == [BASE]


def test_without_fresh_processes_nothing_is_measured(tmp_path):
    builder = Builder()
    add_cold_starts(RunContext(SimpleNamespace(), builder, None, None), Phase())
    assert (builder.cold_starts, builder.notes) == ({}, {})
