"""The graph that onnxruntime makes of a file, saved."""

import onnx
import pytest

from engine.analyses import save_optimized as module
from engine.analyses.save_optimized import save_optimized
from engine.errors import RunError, TargetError
from engine.measure.output_difference import Difference
from engine.models.artifacts import file_sha256
from engine.planning.graph_jobs import check_save_optimized
from engine.results.optimized_graph import OPTIMIZED_FILE
from engine.settings import FileModel, Target
from engine.settings.graph_jobs import SaveOptimizedRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.models.small import Shape, small_classifier


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "N_LOADS", 2)
    monkeypatch.setattr(module, "N_ROUNDS", 3)
    path = tmp_path / "small.onnx"
    onnx.save(small_classifier(Shape(image=("batch", 3, 32, 32))), path)
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()

    def call():
        request = SaveOptimizedRequest(model=FileModel(path=str(path)), target=Target(threads=1))
        return save_optimized(request, folder, Progress(lambda event: None)), folder.path / OPTIMIZED_FILE

    return call


def test_the_saved_graph_answers_alike_and_says_what_it_is_bound_to(save):
    graph, path = save()
    assert graph.sha256 == file_sha256(path)
    assert graph.size_bytes == path.stat().st_size
    assert graph.worst_difference == 0
    assert (graph.n_loads, graph.provider) == (2, "CPUExecutionProvider")
    assert graph.load_ms.low > 0
    assert graph.latency is not None
    assert len(onnx.load(path).graph.node) > 0


def test_a_graph_that_answers_otherwise_is_no_result(save, monkeypatch):
    monkeypatch.setattr(module, "compare_outputs", lambda *arguments: Difference(worst=0.5, allowed=1e-4))
    with pytest.raises(RunError, match=r"answers otherwise than the file: its outputs differ by 0\.5"):
        save()


def test_only_onnxruntime_saves_its_graph():
    request = SaveOptimizedRequest(model=FileModel(path="a.onnx"), target=Target(runtime="openvino", threads=1))
    with pytest.raises(TargetError, match="the target's runtime is openvino"):
        check_save_optimized(request)
