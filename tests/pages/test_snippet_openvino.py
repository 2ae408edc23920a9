"""The code that runs a file which was measured in OpenVINO; it is run here with OpenVINO itself."""

import runpy
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from engine import Preprocess, Target, TensorSpec
from engine.results import InputSpec
from engine.runtimes import open_session
from pages._ui.results.runtime_code import CODES
from pages._ui.results.snippet import snippet
from tests.made import INT8, made_variant
from tests.models.small import Shape, small_classifier

TARGET = Target(runtime="openvino", precision="f32", threads=1)
OPTIONS = {"INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1", "INFERENCE_PRECISION_HINT": "f32"}
PREPROCESS = {"size": (8, 8), "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measured(input, **changes):
    """A variant that was measured with OPTIONS."""
    variant = made_variant(INT8, "x", input=input, **changes)
    return variant.model_copy(update={"latency": variant.latency.model_copy(update={"session_options": OPTIONS})})


def printed(text, capsys):
    Path("run.py").write_text(text)
    runpy.run_path("run.py")
    return capsys.readouterr().out.splitlines()


def test_every_runtime_has_code():
    assert set(CODES) == set(get_args(Target.model_fields["runtime"].annotation)) - {"any"}  # a race ends in one


@pytest.mark.parametrize("layout", [("batch", 3, 8, 8), (1, 3, 8, 8), (8, 3, 8, 8)])
def test_the_likeliest_classes_are_those_of_a_session(folder, capsys, layout):
    onnx.save(small_classifier(Shape(image=layout)), "m.onnx")
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).save("image.jpg", quality=100)
    variant = measured(InputSpec(shape=(3, 8, 8), preprocess=Preprocess(**PREPROCESS)), output="logits")
    lines = printed(snippet(variant, "m.onnx", tuple("abcde"), None, TARGET), capsys)
    n = layout[0] if isinstance(layout[0], int) else 1
    with open_session(folder / "m.onnx", TARGET, output_names=["logits"]) as session:
        scores = session(np.ones((n, 3, 8, 8), np.float32))["logits"][0]
    assert [line.split()[0] for line in lines] == ["abcde"[index] for index in np.argsort(-scores)]
    assert float(lines[0].split()[1]) == pytest.approx(scores.max(), rel=1e-3)


def test_arrays_are_given_by_name_and_the_options_are_those_of_the_measurement(capsys):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("a", "b", "sum")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "g", values[:2], values[2:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), "m.onnx")
    inputs = tuple(TensorSpec(name=name, dtype="float32", shape=(4,), batched=True) for name in ("a", "b"))
    text = snippet(measured(InputSpec(inputs=inputs, shape=(), preprocess=None)), "m.onnx", None, None, TARGET)
    assert f"options = {OPTIONS!r}" in text
    assert "onnxruntime" not in text
    assert printed(text, capsys) == ["sum float32 (1, 4)"]
