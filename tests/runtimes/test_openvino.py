"""What OpenVINO computes in, and how the options of its sessions say so."""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import openvino as ov
import pytest

from engine.errors import SettingsError, TargetError
from engine.runtimes import check_target, exact_target, open_session, operator_times, precision_of
from engine.runtimes.openvino_runtime import device, provider_trial, session
from engine.runtimes.openvino_runtime.trial_child import main
from engine.settings import Target
from tests.models.small import Shape, small_classifier

TARGET = Target(runtime="openvino", threads=1)
IMAGES = np.random.default_rng(0).standard_normal((2, 3, 8, 8), dtype=np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("openvino") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), path)
    return path


def pretend(monkeypatch, capabilities, precision):
    """A CPU with these capabilities, which computes in `precision` where nothing is asked for."""
    monkeypatch.setattr("engine.runtimes.openvino_runtime.runtime.capabilities", lambda name: capabilities)
    monkeypatch.setattr("engine.runtimes.openvino_runtime.session.default_precision", lambda name: precision)


def test_a_session_computes_in_what_its_options_say(path):
    core = ov.Core()
    model = core.read_model(path)
    for target in (TARGET, exact_target(TARGET)):
        with open_session(path, target, output_names=["logits"]) as session:
            compiled = core.compile_model(model, "CPU", session.options)
        for name, value in session.options.items():
            found = compiled.get_property(name)
            found = found.get_type_name() if isinstance(found, ov.Type) else found
            assert str(found) == {"NO": "False"}.get(value, value), name


def test_a_processor_with_bf16_computes_in_it_unless_f32_is_asked_for(monkeypatch):
    pretend(monkeypatch, ("FP32", "BF16"), "bf16")
    assert precision_of(TARGET) == "bf16"
    assert precision_of(exact_target(TARGET)) == "f32"
    check_target(TARGET.model_copy(update={"precision": "bf16"}))


def test_bf16_is_refused_where_the_processor_lacks_it(monkeypatch):
    pretend(monkeypatch, ("FP32", "INT8"), "f32")
    assert exact_target(TARGET) is TARGET
    check_target(TARGET)
    with pytest.raises(TargetError, match=r"does not compute in bf16 \(target.precision\), it has f32"):
        check_target(TARGET.model_copy(update={"precision": "bf16"}))


@pytest.mark.skipif("BF16" not in device.capabilities("CPU"), reason="this processor has no bfloat16")
def test_bf16_is_close_to_f32_and_not_equal(path):
    logits = {}
    for name in ("f32", "bf16"):
        with open_session(path, Target(runtime="openvino", threads=1, precision=name), output_names=["logits"]) as ask:
            logits[name] = ask(IMAGES)["logits"]
    difference = np.abs(logits["bf16"] - logits["f32"]).max() / np.abs(logits["f32"]).max()
    assert 0 < difference < 0.05


def test_precision_is_openvinos_option_alone():
    with pytest.raises(SettingsError, match=r"'precision' is 'bf16', which onnxruntime does not take"):
        Target.parse({"precision": "bf16"})


def test_the_race_finds_its_layers_among_the_operator_types(path):
    assert {"Conv", "Gemm"} <= set(operator_times(path, TARGET, IMAGES))


def test_nothing_is_reported_to_openvinos_makers_nor_written_for_them(tmp_path):
    code = "import engine.runtimes.openvino_runtime, openvino, sys; print(sys.modules['openvino_telemetry'])"
    env = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    answer = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert (answer.stdout.strip(), list(tmp_path.iterdir())) == ("None", [])


def test_a_reason_is_the_sentence_and_not_the_place_in_openvinos_sources():
    text = "Exception from src/inference/src/cpp/core.cpp:84:\nCheck 'ok' failed at a.cpp:1:\nNo such operator: Foo\n\n"
    assert device.reason(RuntimeError(text)) == "No such operator: Foo"
    assert device.reason(RuntimeError("")) == "RuntimeError"


def test_a_device_is_tried_with_the_options_of_its_sessions(monkeypatch):
    tried = {}
    monkeypatch.setattr(provider_trial, "devices", lambda: ("GPU", "NPU", "CPU"))
    monkeypatch.setattr(session, "default_precision", lambda name: "f16")
    monkeypatch.setattr(
        provider_trial, "try_in_child", lambda script, arguments, reason: tried.update([arguments]) or ""
    )
    for name in provider_trial.devices():
        assert provider_trial.refusal(name) == ""
    options = {name: json.loads(text) for name, text in tried.items()}
    assert options == {
        name: session.describe_options(Target(runtime="openvino", provider=name, threads=1))
        for name in ("GPU", "NPU", "CPU")
    }
    assert ["INFERENCE_NUM_THREADS" in options[name] for name in ("GPU", "NPU", "CPU")] == [False, False, True]


def test_a_device_that_is_not_there_or_does_not_say_what_it_computes_in_is_a_reason(monkeypatch):
    no_such_device = provider_trial.refusal("GPU.7")
    assert "no such device" in no_such_device
    monkeypatch.setattr(provider_trial, "devices", lambda: ("GPU.7",))
    assert provider_trial.refusal("GPU.7") not in ("", no_such_device)


def test_the_cpu_works_as_tried(path):
    assert provider_trial.refusal("CPU") == ""
    assert "error" in main("CPU", {"NO_SUCH_OPTION": "1"}, path.read_bytes())
