"""What a session of onnxruntime gets of a target, and what its errors mean."""

import numpy as np
import onnx
import pytest

from engine.errors import LimitError, RunError, TargetError
from engine.runtimes import exact_target, open_session, operator_times, precision_of
from engine.runtimes.onnx_runtime.loading import error_of
from engine.runtimes.onnx_runtime.options import EXACT_SUMS, SPINNING, describe_options, providers, session_options
from engine.settings import Target
from engine.settings.target import CUDA
from tests.made_card import card_message
from tests.models.small import Shape, small_classifier

CARD = Target(provider=CUDA, threads=1)
IMAGES = np.ones((2, 3, 8, 8), np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("options") / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), path)
    return path


@pytest.mark.parametrize(
    ("values", "key", "entry"),
    [
        ({"spinning": False}, SPINNING, "0"),
        ({"spinning": True}, SPINNING, "1"),
        ({"quant_precision": True}, EXACT_SUMS, "1"),
    ],
)
def test_an_option_of_the_cpu_reaches_the_session_and_is_described(path, values, key, entry):
    target = Target(threads=1, **values)
    assert session_options(target).get_session_config_entry(key) == entry
    with open_session(path, target, output_names=["logits"]) as session:
        assert session.options[key] == entry
        assert session(IMAGES)["logits"].shape == (2, 5)
    assert operator_times(path, target, IMAGES)
    assert key not in describe_options(Target(threads=1))


def test_options_of_a_card_have_onnxruntimes_names():
    options = {"device_id": "0", "use_tf32": "1", "prefer_nhwc": "0", "enable_cuda_graph": "0"}
    assert providers(CARD) == [(CUDA, options)]
    changed = CARD.model_copy(update={"device_id": 1, "tf32": False, "prefer_nhwc": True, "cuda_graph": True})
    assert providers(changed) == [
        (CUDA, {"device_id": "1", "use_tf32": "0", "prefer_nhwc": "1", "enable_cuda_graph": "1"})
    ]
    assert describe_options(CARD)["buffers"] == "numpy"
    assert describe_options(CARD.model_copy(update={"bound": True}))["buffers"] == "bound"
    assert providers(Target()) == ["CPUExecutionProvider"]


def test_tf32_is_not_f32():
    assert precision_of(CARD) == "tf32"
    assert not exact_target(CARD).tf32
    assert precision_of(exact_target(CARD)) == "f32"
    assert exact_target(Target()) == Target()


FULL = "Failed to allocate memory for requested buffer of size 9"
CUDNN_FULL = "CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0"
NOT_CAPTURED = "This session cannot use the graph capture feature as requested by the user as "
GRAPH = CARD.model_copy(update={"cuda_graph": True})


@pytest.mark.parametrize(
    ("target", "text", "kind", "message"),
    [
        (CARD, FULL, LimitError, "the memory of the card is full"),
        (CARD, "CUDA failure 2: out of memory ; GPU=0", LimitError, "the memory of the card is full"),
        (CARD, CUDNN_FULL, LimitError, "the memory of the card is full"),
        (Target(), FULL, LimitError, "the job ran out of memory"),
        (CARD, "Invalid device ID: 7, must be between 0 (inclusive) and 1", TargetError, "no card number 0"),
        (
            GRAPH,
            NOT_CAPTURED + "all compute graph nodes have not been partitioned to the CUDAExecutionProvider",
            RunError,
            "cannot be captured .*some of its operators do not run on the card",
        ),
        (
            GRAPH,
            NOT_CAPTURED + "the model has control flow nodes which can't be supported by CUDAExecutionProvider",
            RunError,
            r"cannot be captured .*control flow \(If, Loop or Scan\)",
        ),
        (GRAPH, "Graph capture did not complete after 3 runs", RunError, "cannot be captured .*did not complete"),
        (GRAPH, "not permitted when stream is capturing", RunError, "cannot be captured .*waits for the card"),
        (
            CARD,
            "Load model failed\nat some.cc",
            RunError,
            "onnxruntime cannot load the model: Load model failed. Check the file$",
        ),
    ],
)
def test_an_error_of_onnxruntime_is_said_in_plain_words(target, text, kind, message):
    error = error_of(RuntimeError(text), target, "load the model", "Check the file")
    assert isinstance(error, kind)
    with pytest.raises(kind, match=message):
        raise error


AT_NODE = (
    "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Conv node. Name:'c' Status Message: "
)
ABOUT_THE_CARD = (
    r"^the card does not work with onnxruntime: {}\. Choose another provider \(.*nvidia-smi says of the card"
)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        *(
            (card_message(failure, of), TargetError, ABOUT_THE_CARD.format(failure))
            for failure, of in (
                ("CUDA failure 100: no CUDA-capable device is detected", "cudaError"),
                ("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", "cudaError"),
                ("CUDA failure 209: no kernel image is available for execution on the device", "cudaError"),
                ("CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED", "cudnnStatus_t"),
                ("CUBLAS failure 8: CUBLAS_STATUS_ARCH_MISMATCH", "cublasStatus_t"),
            )
        ),
        (card_message("CUDA failure 101: invalid device ordinal"), TargetError, "^there is no card number 0 here"),
        (card_message("CUDA failure 2: out of memory"), LimitError, "^the memory of the card is full"),
        (
            card_message("CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED", "cudnnStatus_t", AT_NODE),
            RunError,
            "^onnxruntime cannot run it: .*'c' Status Message: CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED. Next",
        ),
    ],
)
def test_a_failure_of_a_card_s_library_is_said_without_the_places_in_onnxruntime_s_sources(text, kind, message):
    error = error_of(RuntimeError(text), CARD, "run it", "Next")
    assert isinstance(error, kind)
    assert "onnxruntime_src" not in str(error)
    with pytest.raises(kind, match=message):
        raise error
