"""Every provider is tried in a process of its own, whose crash, hang or silence is a reason and no more."""

import re
import sys
from pathlib import Path

import pytest

from engine.runtimes.onnx_runtime.provider_trial import SCRIPT, TRIED_BY_US, reason
from engine.runtimes.onnx_runtime.trial_child import CPU, main
from engine.runtimes.provider_trial import try_in_child
from engine.runtimes.trial_model import SUM, trial_model
from tests.made_card import card_message

NO_CARD = "CUDA failure 100: no CUDA-capable device is detected"
LOG = (
    "\x1b[1;31m2026-11-27 09:00:00.1 [E:onnxruntime:Default, provider_bridge_ort.cc:2387 TryGetProviderInfo_TensorRT] "
)
TENSORRT = (
    LOG + "/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1778 onnxruntime::Provider& Get() "
    "[ONNXRuntimeError] : 1 : FAIL : Failed to load library libonnxruntime_providers_tensorrt.so with error: "
    "libnvinfer.so.10: cannot open shared object file: No such file or directory\n"
)


def spoken(error, stderr):
    return f"{error}|{stderr}".strip("|")


@pytest.fixture
def child(tmp_path):
    """A program in place of the one that tries a provider."""

    def write(code: str) -> Path:
        path = tmp_path / "child.py"
        path.write_text(code)
        return path

    return write


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended the process .* by the signal SIGSEGV"),
        ("import sys; print('no card', file=sys.stderr); sys.exit(3)", "with the exit status 3: no card"),
        ("while True: pass", "it did not answer within 0.5 seconds"),
        ("print('hello')", "with the exit status 0"),
        ("print('[1]')", "with the exit status 0"),
        ("""print('a library speaks'); print('{"error": "no"}')""", "^no$"),
        ("""print('{"values": [26.0]}')""", "a wrong answer"),
        ("""print('{"values": []}')""", "a wrong answer"),
        ("""print('{"values": [27.0, 27.0]}')""", "^$"),
    ],
)
def test_whatever_becomes_of_the_process_is_a_reason(child, code, expected):
    seconds = 0.5 if "while" in code else 60.0
    assert re.search(expected, try_in_child(child(code), ["Some"], spoken, seconds))


def test_the_process_gets_the_model_and_the_name(child):
    code = "import sys, json; print(json.dumps({'error': sys.argv[1] + str(len(sys.stdin.buffer.read()))}))"
    assert try_in_child(child(code), ["Some"], spoken) == f"Some{len(trial_model())}"


def test_where_no_process_can_be_started_that_is_the_reason(child, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "no process could be started" in try_in_child(child(""), ["Some"], spoken)


def test_onnxruntimes_own_provider_answers():
    assert set(main(CPU, trial_model())["values"]) == {SUM}
    assert try_in_child(SCRIPT, [CPU], reason) == ""
    assert CPU in TRIED_BY_US


def test_the_failure_of_a_card_is_the_reason_however_much_stands_before_it(child):
    code = f"import json; print(json.dumps({{'error': {card_message(NO_CARD)!r}}}))"
    assert try_in_child(child(code), ["Some"], reason) == NO_CARD


@pytest.mark.parametrize(
    ("error", "stderr", "expected"),
    [
        ("", TENSORRT, "onnxruntime did not activate it: libnvinfer.so.10: cannot open shared object file"),
        ("", "", "onnxruntime did not activate it, its libraries or its device are missing"),
        ("", LOG + "Require cuDNN 9.* and CUDA 13.*\n", "did not activate it: Require cuDNN 9.* and CUDA 13.*"),
        ("No device\n  found", TENSORRT, "No device found"),
        ("This session contains graph nodes that are assigned to fallback to CPU EP", "", "leave it to the CPU"),
    ],
)
def test_a_missing_library_is_named(error, stderr, expected):
    assert expected in reason(error, stderr)
