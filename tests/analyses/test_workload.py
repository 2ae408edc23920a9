"""The workloads of a run's variants and of a model that is timed."""

from functools import partial
from types import SimpleNamespace

import onnx
import pytest

from engine.analyses import workload as analysis
from engine.errors import RequestError, TargetError
from engine.results import codes
from engine.runtimes import precision_of
from engine.settings import FileModel, Target, WorkloadRequest
from engine.settings.target import CUDA
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.techniques.float16.convert import convert
from tests.made import made_latency
from tests.models.small import Shape, small_classifier


def counted(tmp_path, **asked):
    return analysis.workload(WorkloadRequest(**asked), JobFolder(tmp_path / "job"), Progress(lambda event: None))


def test_every_variant_of_a_run_has_its_workload_and_its_latency(sample_run, tmp_path):
    found = counted(tmp_path, folder=str(sample_run.folder.path))
    variants = sample_run.report.main_variants
    assert [one.id for one in found.workloads] == [one.id for one in variants]
    assert [one.latency for one in found.workloads] == [one.latency for one in variants]
    assert [one.macs for one in found.workloads] == [one.macs for one in variants]
    baseline, int8 = found.workloads[0], found.workloads[-1]
    assert {share.data_type for share in baseline.shares} == {"f32"}
    assert sum(share.operations for share in int8.shares if share.data_type == "int8") > 0.9 * 2 * int8.macs
    assert int8.weight_bytes < 0.3 * baseline.weight_bytes
    assert (found.name, found.cpu, found.skipped) == (
        sample_run.report.recipe.name,
        sample_run.report.latency_cpu,
        (),
    )


def test_a_variant_without_a_latency_is_left_out_with_the_reason(sample_run, tmp_path, monkeypatch):
    report = sample_run.report
    first, *others = report.variants
    slow = report.model_copy(update={"variants": (first.model_copy(update={"latency": None}), *others)})
    monkeypatch.setattr(analysis, "remeasurable_report", lambda folder: slow)
    found = counted(tmp_path, folder=str(sample_run.folder.path))
    assert first.id not in [one.id for one in found.workloads]
    (note,) = found.skipped
    assert (note.code, "it has no latency" in note.text) == (codes.NOT_PLACED, True)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RequestError, match="has no report"):
        counted(tmp_path, folder=str(tmp_path))


def test_a_model_is_timed_at_the_target(tmp_path, monkeypatch):
    monkeypatch.setattr(analysis, "measure_latency", partial(analysis.measure_latency, n_rounds=3))
    onnx.save(small_classifier(), tmp_path / "model.onnx")
    source = FileModel(path=str(tmp_path / "model.onnx"))
    found = counted(tmp_path, model=source, target=Target(threads=1, batch_size=2))
    (one,) = found.workloads
    assert (one.label, one.latency.threads, one.latency.batch_size) == ("model.onnx", 1, 2)
    assert one.macs == 4 * 36 * 27 + 20


def test_a_model_is_timed_at_the_first_target_of_a_race(tmp_path, monkeypatch):
    monkeypatch.setattr(analysis, "measure_latency", partial(analysis.measure_latency, n_rounds=3))
    onnx.save(small_classifier(), tmp_path / "model.onnx")
    source = FileModel(path=str(tmp_path / "model.onnx"))
    found = counted(tmp_path, model=source, target=Target(runtime="any", threads=1))
    assert [one.latency.runtime for one in found.workloads] == ["onnxruntime"]


def test_a_run_on_a_card_that_multiplies_in_tf32_is_counted(sample_run, tmp_path, monkeypatch):
    card = Target(provider=CUDA, threads=1)
    recipe = sample_run.report.recipe.model_copy(update={"target": card})
    variants = [one.model_copy(update={"target": None}) for one in sample_run.report.variants]
    report = sample_run.report.model_copy(update={"recipe": recipe, "variants": tuple(variants)})
    assert precision_of(report.target_of(variants[0])) == "tf32"
    monkeypatch.setattr(analysis, "remeasurable_report", lambda folder: report)
    found = counted(tmp_path, folder=str(sample_run.folder.path))
    assert {share.data_type for share in found.workloads[0].shares} == {"f32"}


def test_a_file_with_another_fixed_batch_is_refused_before_it_is_timed(tmp_path):
    onnx.save(small_classifier(Shape(image=(4, 3, 8, 8), logits=(4, 5))), tmp_path / "model.onnx")
    with pytest.raises(TargetError, match="batch size is fixed to 4, and the target's is 1"):
        counted(tmp_path, model=FileModel(path=str(tmp_path / "model.onnx")), target=Target(threads=1))


@pytest.mark.parametrize(
    ("target", "computed_in"),
    [
        (Target(), "f16"),
        (Target(runtime="openvino", precision="f32"), "f32"),
        (Target(runtime="openvino", precision="bf16"), "bf16"),
    ],
)
def test_a_16_bit_file_is_counted_in_what_the_target_computes_it_in(tmp_path, monkeypatch, target, computed_in):
    timed = SimpleNamespace(require=lambda: made_latency(1.0, 1.0))
    monkeypatch.setattr(analysis, "measure_latency", lambda models, key, *rest, **others: {key: timed})
    monkeypatch.setattr(analysis, "resolve_target", lambda target: target)  # not every CPU computes in bf16
    onnx.save(convert(small_classifier(), keep_io_types=True, in_float=[]), tmp_path / "model.onnx")
    (one,) = counted(tmp_path, model=FileModel(path=str(tmp_path / "model.onnx")), target=target).workloads
    assert {share.data_type for share in one.shares} == {computed_in}


def test_a_file_whose_operations_cannot_be_told_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(analysis, "measure_latency", partial(analysis.measure_latency, n_rounds=3))
    monkeypatch.setattr("engine.models.workload.hides_macs", lambda node: True)
    onnx.save(small_classifier(), tmp_path / "model.onnx")
    found = counted(tmp_path, model=FileModel(path=str(tmp_path / "model.onnx")), target=Target(threads=1))
    assert found.workloads == ()
    assert "does not tell its multiply-adds" in found.skipped[0].text
