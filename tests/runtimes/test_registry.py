"""Every runtime keeps the protocol, and no other module of the engine opens a session of its own."""

import ast
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import onnx
import pytest

import engine
from engine.errors import RunError, TargetError
from engine.runtimes import (
    RUNTIMES,
    available_providers,
    check_target,
    exact_target,
    open_session,
    operator_times,
    precision_of,
)
from engine.runtimes.onnx_runtime import provider_trial as onnx_trial
from engine.runtimes.openvino_runtime import device
from engine.runtimes.openvino_runtime import provider_trial as openvino_trial
from engine.settings import Target
from engine.settings.target import CUDA
from tests.models.small import Shape, small_classifier

ENGINE = Path(engine.__file__).parent
NAMES = re.compile(r"InferenceSession|SessionOptions|get_available_providers|get_providers|\w+ExecutionProvider")
HELPERS = ("onnxruntime.quantization", "onnxruntime.transformers")
"""What may be imported of onnxruntime wherever it is used: it makes graphs and runs none for the engine."""
DEFAULT = ENGINE / "settings" / "target.py"
"""The default provider, and the one that has options of its own, stand here.

What is asked is described where nothing of onnxruntime may be imported.
"""
IMAGES = np.ones((2, 3, 8, 8), np.float32)
ENDS = {"output_names": ["logits"]}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("runtimes") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), path)
    return path


@pytest.fixture(params=RUNTIMES)
def target(request):
    working = [name for name in RUNTIMES[request.param].providers() if RUNTIMES[request.param].try_provider(name).works]
    return Target(runtime=request.param, provider=working[-1], threads=1, batch_size=2)


BUNDLED = ENGINE / "export" / "bundle" / "templates"
"""Programs that a bundle carries to where there is no engine."""


def others():
    """The source of every module outside the runtimes, by path."""
    elsewhere = {ENGINE / "runtimes", BUNDLED}
    paths = (path for path in ENGINE.rglob("*.py") if elsewhere.isdisjoint(path.parents))
    return {path: path.read_text(encoding="utf-8") for path in paths}


def imports(text):
    """Every module that is imported, `from x import y` as x.y."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_sessions_and_providers_are_named_by_the_runtimes_alone():
    found = {str(path): NAMES.findall(text) for path, text in others().items() if path != DEFAULT}
    assert {path: names for path, names in found.items() if names} == {}
    assert NAMES.findall(DEFAULT.read_text(encoding="utf-8")) == [Target().provider, CUDA]


def test_of_the_runtimes_libraries_only_helpers_that_make_graphs_are_imported_elsewhere():
    found = [
        (str(path), name)
        for path, text in others().items()
        for name in imports(text)
        if name.partition(".")[0] in ("onnxruntime", "openvino") and not name.startswith(HELPERS)
    ]
    assert found == []


def test_a_target_can_ask_for_every_runtime_or_that_they_race_and_for_no_other():
    assert set(get_args(Target.model_fields["runtime"].annotation)) == {*RUNTIMES, "any"}  # any: they race
    assert set(available_providers()) == set(RUNTIMES)


def test_a_session_answers_with_the_options_that_the_runtime_describes(path, target):
    check_target(target)
    with open_session(path, target, **ENDS) as session:
        logits = session(IMAGES)["logits"]
        assert session.options == RUNTIMES[target.runtime].describe_options(target)
    assert (logits.dtype, logits.shape) == (np.float32, (2, 5))
    assert np.isfinite(logits).all()
    with pytest.raises(RunError, match="closed"):
        session(IMAGES)


def test_threads_decide_speed_and_are_described(target):
    describe = RUNTIMES[target.runtime].describe_options
    assert describe(target) != describe(target.model_copy(update={"threads": 3}))


def test_a_cpu_of_another_runtime_is_that_of_the_targets_own(target):
    for other in RUNTIMES:
        assert Target(runtime=target.runtime, provider=Target(runtime=other).provider).provider == target.provider
    assert Target(runtime=target.runtime).provider == target.provider


def test_the_same_file_gives_the_same_answers_in_every_runtime(path, target):
    reference = np.full((2, 4, 1), 2.7, np.float32)  # every channel of the convolution of ones by 0.1
    expected = reference[..., 0] @ np.arange(20, dtype=np.float32).reshape(4, 5)
    with open_session(path, exact_target(target), **ENDS) as session:
        np.testing.assert_allclose(session(IMAGES)["logits"], expected, rtol=1e-5)
        np.testing.assert_allclose(session({"image": IMAGES[:1]})["logits"], expected[:1], rtol=1e-5)


def test_inputs_that_do_not_fit_are_refused_with_their_shape_and_leave_the_session_usable(path, target):
    with open_session(path, target, **ENDS) as session:
        with pytest.raises(RunError, match=r"cannot run the model on an input of shape \(2, 4, 8, 8\)"):
            session(np.ones((2, 4, 8, 8), np.float32))
        with pytest.raises(RunError, match="no array for the input 'image'"):
            session({"other": IMAGES})
        assert session(IMAGES)["logits"].shape == (2, 5)


def test_a_target_computes_exactly_or_says_in_what(target):
    assert precision_of(exact_target(target)) == "f32"
    assert exact_target(exact_target(target)) == exact_target(target)


def test_times_are_by_operator_type_and_longest_first(path, target):
    times = operator_times(path, target, IMAGES)
    assert times
    assert min(times.values()) >= 0
    assert list(times.values()) == sorted(times.values(), reverse=True)


def test_every_provider_is_tried_under_its_own_name():
    for name, runtime in RUNTIMES.items():
        tried = [runtime.try_provider(provider) for provider in runtime.providers()]
        assert [(one.runtime, one.name) for one in tried] == [(name, provider) for provider in runtime.providers()]
        assert any(one.works for one in tried)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("linux", ["CUDA", "Tensorrt", "MIGraphX", "GPU", "NPU"]),
        ("win32", ["CUDA", "Tensorrt", "Dml", "GPU", "NPU"]),
        ("darwin", []),
    ],
)
def test_what_a_system_could_have_is_listed_with_the_reason_and_tried_in_no_process(monkeypatch, system, expected):
    def start(*arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(onnx_trial.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(device, "core", lambda: SimpleNamespace(available_devices=["CPU"]))
    for module in (onnx_trial, openvino_trial):
        monkeypatch.setattr(module, "try_in_child", start)
    found = [
        runtime.try_provider(name)
        for runtime in RUNTIMES.values()
        for name in runtime.known_providers()
        if name not in runtime.providers()
    ]
    assert [one.name.removesuffix("ExecutionProvider") for one in found] == expected
    assert {(one.works, one.available) for one in found} <= {(False, False)}
    for one in found:
        assert ("; install onnxruntime-" if one.runtime == "onnxruntime" else "no such device") in one.reason


def test_a_device_with_a_number_is_of_its_kind(monkeypatch):
    monkeypatch.setattr(device, "core", lambda: SimpleNamespace(available_devices=["CPU", "GPU.0", "GPU.1"]))
    monkeypatch.setattr(sys, "platform", "linux")
    assert RUNTIMES["openvino"].known_providers() == ("GPU.0", "GPU.1", "CPU", "NPU")


def test_a_provider_that_is_not_there_opens_nothing(path, target):
    absent = target.model_copy(update={"provider": "NoSuchExecutionProvider"})
    assert not RUNTIMES[target.runtime].try_provider(absent.provider).works
    for attempt in (lambda: check_target(absent), lambda: open_session(path, absent, **ENDS)):
        with pytest.raises(TargetError, match=target.provider):
            attempt()


def test_a_file_that_does_not_load_is_refused_with_the_reason(tmp_path, target):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a graph")
    with pytest.raises(RunError, match="cannot load"), open_session(broken, target, **ENDS):
        pass
    with pytest.raises(RunError, match="cannot profile"):
        operator_times(broken, target, IMAGES)
