"""What is handed over of a run on a card: which card it was, both latencies, and what a bundle does otherwise."""

import re

import onnx
import pytest
from google.protobuf import text_format

from engine.data.golden import GoldenExamples
from engine.export.bundle import context as bundle_context
from engine.export.bundle.context import BundleContext
from engine.export.bundle.description import description
from engine.export.bundle.texts import texts
from engine.export.destinations.mlflow_store import metrics
from engine.export.destinations.model_card import model_card
from engine.export.html_report import html_report
from engine.export.serving.triton import triton_files
from engine.models.graph import read_onnx
from engine.settings import ServeChoice, ServeSettings, Target
from tests.export.serving.test_parts import schema
from tests.made import INT8
from tests.made_card_report import CARD, HOST, ON_CARD, made_card_report
from tests.models.small import Shape, small_classifier

BUFFERS = "16-bit floats: a call takes 1.00 ms with buffers on the card, 3.00 ms with arrays in memory"


def made_bundle_context(tmp_path, target: Target) -> BundleContext:
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 16, 16))), path)
    report = made_card_report(target=target)
    return BundleContext(
        report=report,
        variant=report.variant(INT8),
        name="digits",
        model=read_onnx(path, None),
        target=target,
        examples=GoldenExamples(n=0, inputs={}, images=()),
        calls=(),
        tolerance=1e-3,
        tolerance_source="rounding",
        depends=False,
        serve=ServeChoice(settings=ServeSettings()),
    )


def test_the_card_and_both_latencies_stand_in_whatever_is_handed_over():
    report = made_card_report(target=ON_CARD.model_copy(update={"bound": True}))
    page = re.sub(r"<script.*?</script>", "", html_report(report, "digits"), flags=re.DOTALL)
    card = model_card(report, "digits", {"model.onnx": report.variant(INT8)}, None, False, "someone/digits")
    for text in (page, card):
        assert f"{CARD} (host: {HOST})" in text
        assert BUFFERS in text
    assert metrics(report.variant(INT8))["latency_p50_ms_numpy_buffers"] == 3.0


def test_a_bundle_names_no_latency_of_buffers_on_the_card_since_it_copies_its_arrays(tmp_path):
    context = made_bundle_context(tmp_path, ON_CARD.model_copy(update={"bound": True}))
    assert description(context).measured.p50_ms is None
    readme = texts(context)["README.md"].decode()
    assert "The run timed calls through buffers on the card" in readme
    assert "Median of a call" not in readme
    assert description(context).session.options["buffers"] == "numpy"


@pytest.mark.parametrize("captures", [True, False])
def test_a_bundle_of_a_captured_graph_captures_one_and_names_its_latency(tmp_path, captures):
    context = made_bundle_context(tmp_path, ON_CARD.model_copy(update={"cuda_graph": captures}))
    assert description(context).session.options["enable_cuda_graph"] == str(int(captures))
    assert description(context).measured.p50_ms == 1.0
    readme = texts(context)["README.md"].decode()
    assert "Median of a call: 1 ms" in readme
    assert ("captures a CUDA graph for the shapes of its first call" in readme) == captures


BOTH = ("onnxruntime", "onnxruntime-gpu")


@pytest.mark.parametrize(
    ("target", "builds", "asked"),
    [
        (ON_CARD, BOTH, "onnxruntime-gpu[cuda,cudnn]==1"),
        (Target(threads=2), BOTH, "onnxruntime==1"),
        (Target(threads=2), BOTH[1:], "onnxruntime-gpu==1"),
        (ON_CARD, BOTH[:1], "onnxruntime==1"),
    ],
)
def test_a_bundle_for_a_card_asks_for_the_build_and_the_libraries_of_one(tmp_path, monkeypatch, target, builds, asked):
    monkeypatch.setattr(bundle_context, "versions", lambda: dict.fromkeys((*BOTH, "numpy", "pillow"), "1"))
    monkeypatch.setattr(bundle_context, "runtime_distributions", lambda: builds)
    assert texts(made_bundle_context(tmp_path, target))["requirements.txt"].decode().splitlines()[0] == asked


def test_triton_serves_it_on_the_card_of_its_number(tmp_path):
    context = made_bundle_context(tmp_path, ON_CARD.model_copy(update={"device_id": 1}))
    files = triton_files(context, ServeSettings())
    config = text_format.Parse(files["triton/model/config.pbtxt"].decode(), schema().ModelConfig())
    (group,) = config.instance_group
    assert (group.kind, list(group.gpus)) == (group.KIND_GPU, [1])


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"threads": 2}, None),
        ({"threads": 2, "spinning": False}, "idle threads sleep"),
        ({"threads": 2, "runtime": "openvino", "precision": "bf16"}, "openvino (CPU), floats in bf16"),
        ({"threads": 2, "provider": "TensorrtExecutionProvider"}, "onnxruntime (TensorrtExecutionProvider)"),
        ({**ON_CARD.model_dump(), "tf32": False}, None),
        ({**ON_CARD.model_dump(), "prefer_nhwc": True, "cuda_graph": True}, "as a CUDA graph"),
    ],
)
def test_triton_gets_the_options_that_it_takes_and_its_readme_names_the_others(tmp_path, values, missing):
    target = Target(**values)
    files = triton_files(made_bundle_context(tmp_path, target), ServeSettings())
    config = text_format.Parse(files["triton/model/config.pbtxt"].decode(), schema().ModelConfig())
    found = {
        one.name: dict(one.parameters) for one in config.optimization.execution_accelerators.gpu_execution_accelerator
    }
    own = {**({} if target.tf32 else {"use_tf32": "0"}), **({"prefer_nhwc": "1"} if target.prefer_nhwc else {})}
    assert found == ({"cuda": own} if own else {})
    readme = files["triton/README.md"].decode()
    assert (f"config.pbtxt does not carry: {missing}.\n" in readme) == (missing is not None)
    assert ("The measured speed is not to be expected" in readme) == (missing is not None)
