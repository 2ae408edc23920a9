"""The layers of the sample's static INT8 file beside FP32: as onnxruntime's own tool finds them, and each in float."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization.qdq_loss_debug import compute_signal_to_quantization_noice_ratio as onnxruntime_sqnr

from engine.analyses import layer_errors as module
from engine.analyses.layer_errors import layer_errors
from engine.context import no_progress
from engine.data import Part
from engine.measure.layer_matching import with_outputs
from engine.planning.layer_errors import layer_errors_request, recipe_with_float_layer
from engine.results.layer_errors import LayerErrors
from engine.run.pipeline import load
from engine.runtimes.onnx_runtime import values_session
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from tests.conftest import Ran
from tests.made_contexts import SATURATES

N_IMAGES = 5


def compared(ran: Ran, folder: Path, **changed) -> tuple[LayerErrors, list[float]]:
    """The comparison of the run's only variant, and the fractions of its progress."""
    request = layer_errors_request(ran.folder.path, ran.report.variants[1].id).model_copy(update=changed)
    fractions: list[float] = []
    job = JobFolder(folder)
    job.path.mkdir()
    return layer_errors(request, job, Progress(lambda event: fractions.append(event.fraction))), fractions


@pytest.fixture(scope="module")
def errors(sample_run, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ESTIMATE_IMAGES", 2)
        found, fractions = compared(sample_run, tmp_path_factory.mktemp("layers") / "job", images=N_IMAGES)
    assert fractions == sorted(fractions)
    return found


def test_every_layer_is_compared_with_the_file_that_was_quantized(errors, sample_run):
    base, int8 = sample_run.report.variants
    assert (errors.variant_id, errors.reference_id, errors.n_images, errors.unmatched) == (
        int8.id,
        base.id,
        N_IMAGES,
        (),
    )
    nodes = onnx.load(sample_run.folder.path / base.file).graph.node
    assert [row.name for row in errors.rows] == [node.name for node in nodes if node.op_type in ("Conv", "Gemm")]
    for row in errors.rows:
        assert 10 < row.worst_sqnr_db < row.sqnr_db < 60
        assert row.worst_image.startswith("digit-")
        assert row.stored == "int8"
        assert 3 < row.reference_bytes / row.size_bytes < 4.1 or row.reference_bytes < 2000
    assert sum(row.size_bytes for row in errors.rows) == pytest.approx(int8.size_bytes, rel=0.02)


def test_the_figures_are_those_of_onnxruntimes_own_tool(errors, sample_run, tmp_path, shared_home):
    """For values with another name there: what a Relu was fused with, read behind DequantizeLinear."""
    base, int8 = (sample_run.folder.path / variant.file for variant in sample_run.report.variants)
    _, data = load(sample_run.report.recipe, tmp_path, Cache(shared_home.cache), no_progress)
    part = data.split("evaluation")
    assert isinstance(part, Part)
    images = np.concatenate(list(part.batches(1, N_IMAGES)))
    found = {row.name: row for row in errors.rows}
    for node, tensor, value in (
        ("node_Conv_208", "relu", "relu_DequantizeLinear_Output"),
        ("node_Conv_234", "getitem_39", "getitem_39_DequantizeLinear_Output"),
        ("node_linear", "logits", "logits"),
    ):
        values = []
        for file, name in ((base, tensor), (int8, value)):
            onnx.save(with_outputs(onnx.load(file), [name]), tmp_path / "one.onnx")
            ask = values_session(tmp_path / "one.onnx", [name], optimised=False)
            values.append([ask(image[None])[0] for image in images])
        assert found[node].sqnr_db == pytest.approx(onnxruntime_sqnr(values[0], values[1]), abs=0.01)
        each = [onnxruntime_sqnr(*pair) for pair in zip(*values, strict=True)]
        assert found[node].worst_sqnr_db == pytest.approx(min(each), abs=0.01)
        assert found[node].worst_image == part.ids[int(np.argmin(each))]


def test_each_layer_in_float_is_estimated_on_some_images(errors):
    assert errors.n_estimated_on == 2
    assert all(row.estimated for row in errors.rows)
    gains = [errors.gain_db(row) for row in errors.rows]
    assert max(gains) > 0.2  # the first layer alone
    assert all(-3 < gain < (6 if SATURATES else 3) for gain in gains), gains
    assert errors.warnings == ()


def test_when_the_time_is_up_the_rest_is_not_estimated_and_a_warning_says_so(sample_run, tmp_path):
    found, _ = compared(sample_run, tmp_path / "job", images=1, minutes=1e-9)
    assert found.n_images == 1
    assert not any(row.estimated for row in found.rows)
    assert "The minutes were up after 0 of" in found.warnings[0].text
    written = JobFolder(tmp_path / "job").result(LayerErrors)
    assert written is not None
    assert written.rows == found.rows


def test_the_recipe_with_a_layer_in_float_names_it_as_the_quantizer_does(errors, sample_run):
    recipe = recipe_with_float_layer(sample_run.report, errors, "node_linear")
    (step,) = recipe.chains[0]
    assert step.float_nodes == ("node_linear",)
    assert recipe.name == "digits to int8, node_linear in float"
