"""The graph that onnxruntime makes of a file: that of a session for the target, never another provider's."""

import onnx
import onnxruntime as ort
import pytest

from engine.errors import RunError, TargetError
from engine.runtimes.onnx_runtime import loading
from engine.runtimes.onnx_runtime.optimized import save_optimized
from engine.runtimes.onnx_runtime.options import EXACT_SUMS, providers
from engine.settings import Target
from engine.settings.target import CUDA
from tests.models.small import Shape, small_classifier


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 8, 8))), path)
    return path


@pytest.mark.parametrize(
    "target",
    [
        Target(threads=2, quant_precision=True),
        Target(provider=CUDA, threads=1, prefer_nhwc=True, tf32=False, device_id=1),
    ],
    ids=("cpu", "card"),
)
def test_the_session_that_saves_it_has_the_targets_options(path, tmp_path, monkeypatch, target):
    made = []

    class Session:
        def __init__(self, file, options, **values):
            made.append((options, values))

        def get_providers(self):
            return [target.provider]

    monkeypatch.setattr(loading.ort, "InferenceSession", Session)
    save_optimized(path, target, tmp_path / "optimized.onnx")
    ((options, values),) = made
    assert options.intra_op_num_threads == target.threads
    assert options.optimized_model_filepath == str(tmp_path / "optimized.onnx")
    if target.quant_precision:
        assert options.get_session_config_entry(EXACT_SUMS) == "1"
    assert values == {"providers": providers(target), "enable_fallback": 0}


@pytest.mark.skipif(CUDA in ort.get_available_providers(), reason="this onnxruntime has the CUDA provider")
def test_a_provider_that_does_not_start_leaves_no_graph_of_the_cpu(path, tmp_path):
    with pytest.raises(TargetError, match="CUDAExecutionProvider"):
        save_optimized(path, Target(provider=CUDA, threads=1), tmp_path / "optimized.onnx")
    assert not (tmp_path / "optimized.onnx").exists()


def test_what_onnxruntime_cannot_save_is_said_with_what_to_take_instead(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    with pytest.raises(RunError, match="cannot save the graph that it makes of the model") as caught:
        save_optimized(tmp_path / "broken.onnx", Target(threads=1), tmp_path / "optimized.onnx")
    assert caught.value.next == "Take the ONNX file itself, which runs everywhere"
