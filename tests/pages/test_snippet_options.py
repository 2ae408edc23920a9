"""The code that runs a file with the options it was measured with; it is run here, with the CPU in place of a card."""

import runpy
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from engine import Preprocess, Target, TensorSpec
from engine.results import InputSpec
from engine.runtimes import open_session
from engine.runtimes.onnx_runtime.options import describe_options
from engine.settings.target import CUDA
from pages._ui.results.snippet import snippet
from tests.made import INT8, made_variant
from tests.models.small import Shape, small_classifier

PREPROCESS = Preprocess(size=(8, 8), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
CARD = {"provider": CUDA, "threads": 1}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), "m.onnx")
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).save("image.jpg", quality=100)
    return tmp_path


def program(target, input):
    """The code for a variant that was measured at this target."""
    variant = made_variant(INT8, "x", input=input, output="logits")
    latency = variant.latency.model_copy(update={"session_options": describe_options(target)})
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
def test_a_target_without_options_has_the_shortest_code_and_its_own_provider(provider):
    text = program(Target(provider=provider, threads=1), InputSpec(shape=(3, 8, 8), preprocess=PREPROCESS))
    assert "options" not in text
    assert f"session = ort.InferenceSession('m.onnx', providers=['{provider}'])" in text
