"""What a run says of the precision that a runtime computes in."""

import pytest

from engine.results import codes
from engine.run.precision import IN_32_BITS, targets_in_32_bits
from engine.runtimes.openvino_runtime import device
from engine.settings import Target, parse_recipe
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
