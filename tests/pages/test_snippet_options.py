"""The code that runs a file with the options it was measured with; it is run here, with the CPU in place of a card."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from PIL import Image

from engine import Preprocess, Target, TensorSpec
from engine.results import InputSpec
from engine.runtimes import RUNTIMES, open_session
from engine.runtimes.onnx_runtime import provider_trial
from engine.runtimes.onnx_runtime.options import describe_options
from engine.settings.target import CUDA
from pages._ui.results.runtime_code import asked_options, package
from pages._ui.results.snippet import snippet
from tests.made import INT8, made_variant
from tests.models.small import Shape, small_classifier

PREPROCESS = Preprocess(size=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
CARD = {"provider": CUDA, "threads": 1}
OPENVINO = {"runtime": "openvino", "threads": 1}
IMAGES = InputSpec(shape=(3, 8, 8), preprocess=PREPROCESS)
OF_EVERY_SESSION = {"inter_op_num_threads", "execution_mode", "graph_optimization_level", "ENABLE_CPU_PINNING"}
"""Options that a run sets to the same whatever is asked for."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), "m.onnx")
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).save("image.jpg", quality=100)
    return tmp_path


def program(target, input, *, measured=True):
    """The code for a variant that was measured at this target, or that no latency could be measured of."""
    variant = made_variant(INT8, "x", input=input, output="logits")
    latency = variant.latency.model_copy(update={"session_options": describe_options(target)}) if measured else None
    return snippet(variant.model_copy(update={"latency": latency}), "m.onnx", tuple("abcde"), None, target)


def printed(text, target, capsys):
    """What the code prints on the CPU: in place of the card's name and options, those of the CPU."""
    provider = [line for line in text.splitlines() if line.startswith("session = ")]
    assert len(provider) == 1
    text = text.replace(provider[0], 'session = ort.InferenceSession("m.onnx", options)').replace('"cuda"', '"cpu"')
    Path("run.py").write_text(text)
    runpy.run_path("run.py")
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"spinning": False}, ["options.add_session_config_entry('session.intra_op.allow_spinning', '0')"]),
        ({"quant_precision": True}, ["options.add_session_config_entry('session.x64quantprecision', '1')"]),
        ({"provider": CUDA, "tf32": False}, ["'use_tf32': '0'", f"providers=[('{CUDA}', "]),
        ({"provider": CUDA, "bound": True}, ["run_with_iobinding", "'enable_cuda_graph': '0'", '"cuda", 0)']),
        ({"provider": CUDA, "cuda_graph": True, "device_id": 1}, ["'enable_cuda_graph': '1'", '"cuda", 1)']),
    ],
)
def test_the_classes_are_those_of_a_session_and_the_options_are_set(folder, capsys, values, lines):
    target = Target(threads=1, **values)
    text = program(target, InputSpec(shape=(3, 8, 8), preprocess=PREPROCESS))
    assert all(line in text for line in ("options.intra_op_num_threads = 1", *lines))
    found = printed(text, target, capsys)
    with open_session(folder / "m.onnx", Target(threads=1), output_names=["logits"]) as session:
        scores = session(np.ones((1, 3, 8, 8), np.float32))["logits"][0]
    assert [line.split()[0] for line in found] == ["abcde"[index] for index in np.argsort(-scores)]
    assert float(found[0].split()[1]) == pytest.approx(scores.max(), rel=1e-3)


def test_arrays_go_through_the_buffers_too(capsys):
    inputs = (TensorSpec(name="image", dtype="float32", shape=(3, 8, 8), batched=True),)
    target = Target(**CARD, bound=True)
    text = program(target, InputSpec(inputs=inputs, shape=(), preprocess=None))
    assert printed(text, target, capsys) == ["logits float32 (1, 5)"]


@pytest.mark.parametrize(
    "provider", ["CPUExecutionProvider", "TensorrtExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"]
)
@pytest.mark.parametrize("measured", [True, False])
def test_a_target_without_options_has_the_shortest_code_and_its_own_provider(provider, measured):
    text = program(Target(provider=provider), IMAGES, measured=measured)
    assert "options" not in text
    assert f"session = ort.InferenceSession('m.onnx', providers=['{provider}'])" in text


@pytest.mark.parametrize("measured", [True, False])
def test_threads_that_were_asked_for_are_set_on_a_plain_cpu_too(capsys, monkeypatch, measured):
    text = program(Target(threads=1), IMAGES, measured=measured)
    assert ("as it was measured" in text) == measured
    Path("run.py").write_text(text)
    assert runpy.run_path("run.py")["options"].intra_op_num_threads == 1
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.parametrize("batch", [1, 8])
def test_a_file_of_a_fixed_batch_gets_as_many_images_as_it_asks_for(folder, capsys, batch):
    onnx.save(small_classifier(Shape(image=(batch, 3, 8, 8))), "m.onnx")
    Path("run.py").write_text(program(Target(), IMAGES))
    runpy.run_path("run.py")
    found = capsys.readouterr().out.splitlines()
    with open_session(folder / "m.onnx", Target(threads=1), output_names=["logits"]) as session:
        scores = session(np.ones((batch, 3, 8, 8), np.float32))["logits"][0]
    assert [line.split()[0] for line in found] == ["abcde"[index] for index in np.argsort(-scores)]
    assert float(found[0].split()[1]) == pytest.approx(scores.max(), rel=1e-3)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({**OPENVINO, "precision": "f32"}, ["'INFERENCE_NUM_THREADS': '1'", "'INFERENCE_PRECISION_HINT': 'f32'"]),
        ({**CARD, "tf32": False}, ["'use_tf32': '0'", "options.intra_op_num_threads = 1\n"]),
        ({"provider": CUDA}, ["'use_tf32': '1'", "ort.preload_dlls()"]),
        ({"spinning": False}, ["options.add_session_config_entry('session.intra_op.allow_spinning', '0')"]),
    ],
)
def test_a_variant_without_a_latency_has_the_options_that_were_asked_for(capsys, values, lines):
    target = Target(**values)
    text = program(target, IMAGES, measured=False)
    assert all(line in text for line in lines), text
    assert ("intra_op_num_threads" in text) == (target.runtime == "onnxruntime" and target.threads is not None)
    assert "as the run asked; no latency was measured" in text
    assert "as it was measured" not in text
    if target.runtime == "openvino":
        Path("run.py").write_text(text)
        runpy.run_path("run.py")
        assert len(capsys.readouterr().out.splitlines()) == 5
    else:
        assert len(printed(text, target, capsys)) == 5


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"spinning": False, "quant_precision": True},
        {"spinning": True},
        CARD,
        {**CARD, "tf32": False, "prefer_nhwc": True, "cuda_graph": True, "bound": True, "device_id": 1},
        {"runtime": "openvino", "precision": "f32"},
        {"runtime": "openvino", "precision": "bf16", "streams": 2},
        {"runtime": "openvino", "provider": "GPU", "precision": "f32"},
    ],
)
def test_what_is_asked_for_is_what_a_run_sets(values):
    target = Target(**{**values, "threads": 2})
    options = RUNTIMES[target.runtime].describe_options(target)
    assert asked_options(target) == {name: value for name, value in options.items() if name not in OF_EVERY_SESSION}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "onnxruntime"),
        ({"provider": CUDA}, "onnxruntime-gpu[cuda,cudnn]"),
        ({"provider": "DmlExecutionProvider"}, "onnxruntime-directml"),
        ({"runtime": "openvino"}, "openvino"),
    ],
)
def test_the_package_is_the_one_that_has_the_provider(values, name):
    assert package(Target(**values)) == name


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_the_package_is_the_one_that_machine_says_brings_a_missing_provider(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    missing = [one for one in provider_trial.known_providers() if one not in ort.get_available_providers()]
    assert missing
    for provider in missing:
        (name,) = re.findall(r"install (\S+) in place", provider_trial.refusal(provider))
        assert package(Target(provider=provider)).startswith(name)
