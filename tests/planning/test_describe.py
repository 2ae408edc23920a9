import re

import pytest

from engine.planning.describe import describe_recipe
from engine.planning.parts import plan_parts
from engine.runtimes import RUNTIMES, race_targets
from engine.settings.target import CUDA
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


RACE = "{technique: quantize}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "with and without TF32 or channels last, and each as a CUDA graph where it can be captured, which"),
        (", tf32: false", "without TF32, with and without channels last, and each as a CUDA graph where it can be"),
        (", prefer_nhwc: true", "channels last, with and without TF32, and each as a CUDA graph where it can be"),
        (", cuda_graph: true", "as a CUDA graph, with and without TF32 or channels last, which race"),
        (
            ", tf32: false, prefer_nhwc: true",
            "without TF32, channels last, with and without a CUDA graph where it can be captured, which race",
        ),
        (", tf32: false, prefer_nhwc: true, cuda_graph: true", "without TF32, channels last, as a CUDA graph) with"),
    ],
)
def test_words_name_the_options_of_a_card_that_race_as_they_race(monkeypatch, options, expected):
    monkeypatch.setattr(type(RUNTIMES["onnxruntime"]), "providers", lambda self: (CUDA,))
    on_card = recipe(f"steps: [{RACE}]", more=f", target: {{provider: {CUDA}, threads: 1{options}}}")
    text = " ".join(describe_recipe(on_card))
    assert f"({CUDA}, {expected}" in text
    raced = [one.target for one in race_targets(on_card.target, races=True)]
    names = {"tf32": "and without TF32", "prefer_nhwc": "(or|out) channels last", "cuda_graph": "CUDA graph where"}
    for name, words in names.items():
        assert (len({getattr(one, name) for one in raced}) > 1) == bool(re.search(words, text))


def test_words_on_a_card_speak_of_no_quantizing_and_no_training():
    on_card = recipe(f"steps: [{RACE}]", more=f", target: {{provider: {CUDA}}}")
    for text in (describe_recipe(on_card)[2], plan_parts(on_card)[2].title):
        assert "16-bit floats on the card" in text
        assert "train" not in text
    assert "may train" in describe_recipe(recipe(f"steps: [{RACE}]"))[2]


def test_words_on_arrays_speak_of_their_examples():
    text = describe_recipe(recipe("steps: []", "{kind: file, path: /m.onnx}", "{kind: arrays, path: /inputs.npz}"))[0]
    assert text.startswith("Load the ONNX file m.onnx and the examples of inputs.npz, split into ")
    assert "image" not in text
