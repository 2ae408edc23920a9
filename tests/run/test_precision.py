"""What a run says of the precision that a runtime computes in."""

from functools import partial

import pytest

from engine.results import codes
from engine.run import pipeline, remeasure
from engine.run.precision import IN_32_BITS, naming_note, targets_in_32_bits
from engine.runtimes.onnx_runtime import OnnxRuntime
from engine.runtimes.openvino_runtime import device
from engine.settings import RemeasureRequest, Target, parse_recipe
from engine.store.folders import JobFolder
from engine.store.measure_lock import measure_lock
from engine.store.progress import Progress
from tests.conftest import carry_out

BF16 = "BF16" in device.capabilities("CPU")
RECIPE = """
model: {kind: sample}
data: {kind: sample}
target: {runtime: openvino, precision: bf16, threads: 1}
steps: [{technique: simplify}]
"""


@pytest.mark.parametrize("target", [{}, {"runtime": "openvino", "precision": "f32"}])
def test_a_target_in_32_bits_has_nothing_beside_it(target):
    assert targets_in_32_bits(Target(threads=1, **target)) == {}


@pytest.mark.skipif(not BF16, reason="this processor has no bfloat16")
def test_the_baseline_has_its_closeness_and_speed_beside_those_in_32_bits(ready_home, tmp_path):
    recipe = parse_recipe(RECIPE)
    report = carry_out(recipe, tmp_path / "run", ready_home).report
    (note,) = (note for note in report.baseline.notes if note.code == codes.PRECISION)
    assert "openvino computes 32-bit floats in bf16 here. Beside f32, " in note.text
    assert " dB and agreement of " in note.text
    assert "times as fast" in note.text or "its speed was not measured" in note.text
    assert IN_32_BITS not in {variant.id for variant in report.variants}
    for variant in report.variants:
        assert variant.latency is None or variant.latency.session_options["INFERENCE_PRECISION_HINT"] == "bf16"
        assert variant.latency is None or (variant.latency.runtime, variant.latency.provider) == ("openvino", "CPU")


NAMED = "onnxruntime computes 32-bit floats in tf32 here"


@pytest.fixture
def rounds(monkeypatch):
    """The CPU in the place of a card that rounds to TF32, and few rounds of a measurement."""
    monkeypatch.setattr(OnnxRuntime, "precision", lambda self, target: "tf32" if target.tf32 else "f32")
    for module in (pipeline, remeasure):
        monkeypatch.setattr(module, "time_files", partial(module.time_files, n_rounds=3))


def named(report):
    """What the report says of the precision: the notes on the baseline, then the warnings."""
    return [one.text for one in (*report.baseline.notes, *report.warnings) if one.code == codes.PRECISION]


def remeasured(folder):
    remeasure.remeasure(RemeasureRequest(folder=str(folder.path)), folder, Progress(folder))
    return folder.report()


ON_CPU = "{model: {kind: sample}, data: {kind: sample}, target: {threads: 1}, steps: [{technique: simplify}]}"


def test_a_run_that_could_not_be_timed_names_it_and_so_does_a_measurement_that_is_made_later(
    ready_home, tmp_path, monkeypatch, rounds
):
    monkeypatch.setattr("engine.store.measure_lock.MAX_WAIT_SECONDS", 0.02)
    with measure_lock(ready_home.measure_lock, "somebody's run"):
        ran = carry_out(parse_recipe(ON_CPU), tmp_path / "run", ready_home)
    (text,) = named(ran.report)
    assert ran.report.state == "failed"
    assert text.startswith(f"{NAMED}. Every ratio")
    assert named(remeasured(ran.folder)) == [text]


def test_a_run_that_breaks_off_in_its_chains_has_named_it_on_disk(ready_home, tmp_path, monkeypatch, rounds):
    def follow(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "follow", follow)
    with pytest.raises(KeyboardInterrupt):
        carry_out(parse_recipe(ON_CPU), tmp_path / "run", ready_home)
    (text,) = named(JobFolder(tmp_path / "run").report())
    assert text.startswith(NAMED)


def test_what_the_run_did_not_name_is_a_warning_on_what_is_measured_again_and_a_note_says_it_once(
    ready_home, tmp_path, rounds
):
    ran = carry_out(parse_recipe(ON_CPU), tmp_path / "run", ready_home)
    (text,) = named(ran.report)
    assert text.startswith(f"{NAMED}. Beside f32, ")
    base = ran.report.baseline
    silent = base.model_copy(update={"notes": tuple(note for note in base.notes if note.code != codes.PRECISION)})
    variants = (silent, *ran.report.variants[1:])
    ran.folder.write("report.json", ran.report.model_copy(update={"variants": variants}))
    for _ in range(2):
        assert named(remeasured(ran.folder)) == [f"{NAMED}: the latencies that were measured again are with that"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, None), ({"provider": "CUDAExecutionProvider"}, "tf32"), ({"runtime": "openvino", "precision": "f32"}, None)],
)
def test_less_than_32_bits_is_named_by_the_target_alone(values, expected):
    note = naming_note(Target(threads=1, **values))
    assert (note is None) == (expected is None)
    assert expected is None or f"in {expected} here" in note.text
