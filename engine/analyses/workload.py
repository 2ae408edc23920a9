"""What models compute and move in a call, and how long that takes: of the variants of a run, or of one model."""

import time
from pathlib import Path

from engine import models
from engine.errors import FeatherweightError
from engine.export.onnx_file import export_onnx
from engine.measure.latency import measure_latency
from engine.measure.noise import noise_inputs
from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto, read_onnx
from engine.models.workload import count_workload
from engine.planning.remeasurable import remeasurable_report
from engine.results import Latency, Note, Report, Variant, codes
from engine.results.machine import DataType, Workload, Workloads
from engine.run.preflight import check_batch
from engine.runtimes import has_one_precision, precision_of, race_targets, resolve_target
from engine.settings import ModelSource, Target, WorkloadRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import cpu_name

SEED = 0
MOST_SECONDS = 60.0
"""Of timing one model."""
_PRECISIONS: dict[str, DataType] = {"f32": "f32", "tf32": "f32", "bf16": "bf16", "f16": "f16"}
"""By what a target computes 32-bit floats in; TF32 keeps them in 32 bits, of which it multiplies 19."""


def workload(request: WorkloadRequest, folder: JobFolder, progress: Progress) -> Workloads:
    """The workloads of a run's main variants that have a latency, or that of a model, which is timed here.

    What the graph of a file does not tell is said in `skipped`. Raises RequestError and StateError as
    `remeasurable_report` does, SourceError where a model cannot be had, TargetError where its batch size is fixed to
    another than the target's, MeasureError where other programs disturbed it, and RunError where it does not run.
    """
    folder.work.mkdir(parents=True, exist_ok=True)
    if request.folder is not None:
        return _of_run(Path(request.folder), remeasurable_report(Path(request.folder)), progress)
    if request.model is None:
        raise ValueError("a workload is that of a run or of a model")
    return _of_model(request.model, request.target, folder, progress)


def _of_run(folder: Path, report: Report, progress: Progress) -> Workloads:
    workloads, skipped = [], []
    for number, variant in enumerate(report.main_variants):
        progress.emit("workload", "count", number / len(report.main_variants), f"counting {variant.label}")
        if variant.latency is None:
            skipped.append(_skipped(variant.label, "it has no latency"))
            continue
        try:
            model = read_onnx(folder / variant.file, variant.input.preprocess)
        except FeatherweightError as error:
            skipped.append(_skipped(variant.label, error.message))
            continue
        counted = _count(model, variant.id, variant.label, variant.latency, _target_of(variant, report))
        workloads += [counted] if counted.macs else []
        skipped += [] if counted.macs else [_skipped(variant.label, _UNCOUNTED)]
    return Workloads(
        name=report.recipe.name, cpu=report.latency_cpu, workloads=tuple(workloads), skipped=tuple(skipped)
    )


def _of_model(source: ModelSource, target: Target, folder: JobFolder, progress: Progress) -> Workloads:
    progress.emit("workload", "load", 0.0, "loading the model")
    loaded = models.load(source, None, SEED, folder.work)
    check_batch(loaded, target)  # else the runtime refuses the input, in words of its own
    model = loaded if isinstance(loaded, OnnxModel) else export_onnx(loaded, folder.work / "model.onnx")
    target = race_targets(target)[0].target if target.runtime == "any" else resolve_target(target)
    timings = measure_latency(
        {model.key: model},
        model.key,
        target,
        noise_inputs(model, target.batch_size),
        on_round=lambda done, total: progress.emit("workload", "latency", done / total, f"round {done} of {total}"),
        deadline=time.monotonic() + MOST_SECONDS,
    )
    name = getattr(source, "name", None) or Path(getattr(source, "path", None) or "model").name
    counted = _count(model, model.sha256[:12], name, timings[model.key].require(), target)
    return Workloads(
        name=name,
        cpu=cpu_name(),
        workloads=(counted,) if counted.macs else (),
        skipped=() if counted.macs else (_skipped(name, _UNCOUNTED),),
    )


def _target_of(variant: Variant, report: Report) -> Target:
    """What the variant was timed at: its target, with the runtime and provider of its latency."""
    target, latency = report.target_of(variant), variant.latency
    if latency is None or latency.runtime == target.runtime:
        return target
    return Target.parse({"runtime": latency.runtime, "provider": latency.provider})


_UNCOUNTED = "its graph does not tell its multiply-adds, or the shapes between its layers"


def _count(model: OnnxModel, id: str, label: str, latency: Latency, target: Target) -> Workload:
    """The workload of a file; `macs` is None where the graph does not tell what it computes or moves."""
    axes = None if model.inputs else tuple(one for one in model.input_specs[0].shape if isinstance(one, int))
    counted = count_workload(
        load_proto(model.path), axes, _PRECISIONS[precision_of(target)], of_all_floats=has_one_precision(target)
    )
    is_known = bool(counted.shares) and counted.activation_bytes is not None
    return Workload(
        id=id,
        label=label,
        macs=sum(share.operations for share in counted.shares) // 2 if is_known else None,
        shares=counted.shares,
        weight_bytes=counted.weight_bytes,
        activation_bytes=counted.activation_bytes or 0,
        n_nodes=counted.n_nodes,
        latency=latency,
    )


def _skipped(label: str, why: str) -> Note:
    return Note(code=codes.NOT_PLACED, text=f"{label} is not in the roofline: {why}")
