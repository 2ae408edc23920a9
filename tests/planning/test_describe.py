import pytest

from engine.planning.describe import describe_recipe
from tests.planning.test_estimate import INT8, TUNE, recipe


def test_the_shares_of_the_images_are_told_as_the_run_will_split_them(tmp_path):
    data = f"{{kind: images, path: {tmp_path}}}"
    trained, untrained = (recipe(f"steps: [{steps}]", "{kind: timm, name: resnet50}", data) for steps in (TUNE, INT8))
    assert "60 % train, 10 % calibration, 30 % evaluation" in describe_recipe(trained)[0]
    assert "10 % calibration, 90 % evaluation" in describe_recipe(untrained)[0]


def test_arrays_are_told_with_their_shares():
    text = describe_recipe(recipe(f"steps: [{INT8}]", "{kind: file, path: x.onnx}", "{kind: arrays, path: x.npz}"))[0]
    assert "the examples of x.npz, split into 10 % calibration, 90 % evaluation" in text


def test_words_tell_every_step_and_end_with_full_stops():
    words = describe_recipe(recipe(f"branches: [[{TUNE}, {INT8}], [{TUNE}]]"))
    text = " ".join(words)
    assert "Fine-tune for 3 epochs" in text
    assert "Chain 1: Quantize to INT8" in text
    assert "Chain 2: Nothing more" in text
    assert all(line.endswith(".") and line[0].isupper() for line in words)


def test_words_name_the_model_the_data_and_the_budget():
    text = " ".join(
        describe_recipe(
            recipe(
                f"steps: [{INT8}]",
                "{kind: timm, name: resnet18, weights: random}",
                "null",
                ", budget: {max_accuracy_drop: 0.02, max_size_mb: 5}",
            )
        )
    )
    for phrase in ("resnet18 with random weights", "synthetic", "at most 2 points", "within 5 MB", "baseline"):
        assert phrase in text


def test_words_name_the_runtimes_that_race_and_the_baselines():
    text = " ".join(describe_recipe(recipe("steps: []", more=", target: {runtime: any, precision: f32, threads: 1}")))
    assert "Measure every file in onnxruntime and in OpenVINO" in text
    assert "FP32 in onnxruntime is the baseline" in text
    assert "floats in f32" in text


@pytest.mark.parametrize(("instructions", "races"), [(("avx512_bf16",), True), (("avx2",), False)])
def test_words_name_the_precisions_that_race(monkeypatch, instructions, races):
    monkeypatch.setattr("engine.planning.raced.isa", lambda: instructions)
    text = " ".join(describe_recipe(recipe("steps: []", more=", target: {runtime: openvino, threads: 1}")))
    assert ("floats in f32 and in bf16, which race" in text) == races


def test_words_on_arrays_speak_of_their_examples():
    text = describe_recipe(recipe("steps: []", "{kind: file, path: /m.onnx}", "{kind: arrays, path: /inputs.npz}"))[0]
    assert text.startswith("Load the ONNX file m.onnx and the examples of inputs.npz, split into ")
    assert "image" not in text
