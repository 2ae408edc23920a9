"""A home as it is after weeks of use: runs in every state, analyses that succeeded and failed, uploads."""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.api.graphs import start_time_profile
from engine.api.jobs import analyse
from engine.api.machine import peaks_request, workload_request
from engine.jobs.claims import Claims
from engine.jobs.job_kind import files_and_versions
from engine.jobs.kinds import slot_of
from engine.jobs.queue import Queue
from engine.planning.graph_jobs import graphs_request
from engine.planning.layer_errors import layer_errors_request
from engine.planning.remeasurable import existing_report
from engine.results import (
    DataPreview,
    Event,
    Failure,
    ModelProfile,
    Note,
    Recommendation,
    Report,
    Result,
    State,
    Variant,
)
from engine.settings import (
    AnalysisRequest,
    FileModel,
    ImagesData,
    Preprocess,
    PreviewRequest,
    ProfileRequest,
    RunRequest,
    SampleData,
    SampleModel,
    ShowdownEntry,
    ShowdownRequest,
    SweepRequest,
    Target,
    TimmModel,
    VariantFile,
)
from engine.store.folders import Outcome, now
from engine.store.home import Home
from engine.store.uploads import save_upload
from engine.system.machine import cores
from tests.made import (
    BASE,
    INT8,
    RACED,
    made_disturbed_report,
    made_open_race_report,
    made_race_report,
    made_report,
    made_variant,
)
from tests.made_charts import made_layer_errors, made_time_profile
from tests.made_graphs import made_graphs
from tests.made_machine import made_peaks, made_workloads
from tests.made_speed import made_showdown, made_streamed_sweep

GRAY = Preprocess(size=(64, 64), mean=(0.5,), std=(0.25,))
CUT = Failure(
    branch=0,
    step=0,
    technique="quantize",
    code="disk_full",
    message="step 1 of 1 (quantize) failed: the disk is full",
    next="Free the cache, and run it again",
)
STAYS = Recommendation(
    id=BASE,
    reason=Note(
        code="nothing_not_slower",
        text="no variant within the budget is as fast as the baseline; the best takes 1.20 times its time",
    ),
)
PARTS = (("start", "starting"), ("baseline", "export"), ("chain 1, step 1: quantize", "quantize"))
TIMM = TimmModel(name="resnet10t", weights="random")


@dataclass(frozen=True)
class Lived:
    """What is in the home, by what it shows; runs by their state and outcome."""

    runs: dict[str, str]
    looks: dict[str, str]
    """The addresses of what was measured of the run that is done, by view."""
    good_file: FileModel
    bad_file: FileModel
    zip: ImagesData


def fill(home: Home) -> Lived:
    """Runs that ended in every way, one that runs and one that waits; needs FEATHERWEIGHT_HOME to name the home."""
    queue = Queue(home)
    runs = {
        "done": _run(queue, "Digits, static INT8", made_report()),
        "raced": _run(queue, "Digits, quantization race", made_race_report()),
        "kept": _run(queue, "A race that FP32 won", made_race_report(won=False)),
        "slower": _run(queue, "Nothing was faster", made_report(recommended=STAYS)),
        "unlabelled": _run(queue, "Without labels", made_report(labelled=False)),
        "disturbed": _run(queue, "On a busy machine", made_disturbed_report()),
        "bare": _run(queue, "The baseline alone", made_report(made_variant(BASE, "Baseline"))),
        "failed": _run(queue, "A chain that failed", made_report(state="failed", failures=(CUT,)), "failed"),
        "failed early": _run(queue, "A run that failed at once", None, "failed"),
        "cancelled": _run(queue, "Cancelled on the way", made_open_race_report(state="cancelled"), "cancelled"),
        "cancelled early": _run(queue, "Cancelled at once", None, "cancelled"),
        "running": _run(queue, "A race that goes on", made_open_race_report(), "running"),
        "queued": queue.submit(RunRequest(recipe=RACED), name="One that waits").id,
    }
    good, bad = (_upload(home, name, "onnx") for name in ("classifier.onnx", "no-model.onnx"))
    images = _upload(home, "pets.zip", "images")
    lived = Lived(
        runs, _measured(queue, runs["done"]), FileModel(sha256=good), FileModel(sha256=bad), ImagesData(sha256=images)
    )
    _analyses(queue, lived)
    _layers_and_classes(queue, runs["done"])
    _graphs(queue, lived.runs["done"])
    return lived


def _run(queue: Queue, name: str, report: Report | None, state: State = "done") -> str:
    recipe = report.recipe if report else RACED
    job = queue.submit(RunRequest(recipe=recipe), name=name, estimate_seconds=56.0)
    Claims(queue, "test/1").claim("run")
    folder = queue.home.job(job.id)
    for number, (step, phase) in enumerate(PARTS):
        folder.append_event(
            Event(
                time=now(), step=step, phase=phase, fraction=0.2 * number, message=f"{phase} goes on", step_fraction=0.5
            )
        )
    if report is not None:
        report = report.model_copy(update={"variants": tuple(map(_with_own_sum, report.variants))})
        for variant in report.variants:
            (folder.path / variant.file).parent.mkdir(parents=True)
            (folder.path / variant.file).write_bytes(variant.id.encode())
        folder.write("report.json", report.model_copy(update={"run_id": job.id}))
    if state != "running":
        error = Note(code="memory", text="the job ran out of memory") if state == "failed" else None
        queue.finish(
            job.id,
            Outcome(
                state=state,
                error=error,
                next="Choose a smaller batch" if error else "",
                exit_status=0,
                started=now(),
                finished=now(),
            ),
        )
    return job.id


def _with_own_sum(variant: Variant) -> Variant:
    """The variant with the sum of what lies in its file here."""
    return variant.model_copy(update={"sha256": hashlib.sha256(variant.id.encode()).hexdigest()})


def _measured(queue: Queue, run: str) -> dict[str, str]:
    """Ends what takes minutes to measure, of the run and of the machine; the addresses of the run's views."""
    file = VariantFile(run=run, variant=INT8)
    rows = tuple(ShowdownEntry(file=file, target=Target(runtime=name)) for name in ("onnxruntime", "openvino"))
    jobs = {
        "Sweep": analyse(SweepRequest(file=file, target=Target(runtime="openvino"), streams=(1, 2))),
        "Showdown": analyse(ShowdownRequest(rows=rows)),
        "Time": start_time_profile(run, INT8),
        "Machine": analyse(peaks_request(min(2, cores()))),
        "Roofline": analyse(workload_request(run)),
    }
    results = {
        "Sweep": made_streamed_sweep(variant=INT8, run=run),
        "Showdown": made_showdown(run=run),
        "Time": made_time_profile(12),
        "Machine": made_peaks(),
        "Roofline": made_workloads(),
    }
    for view, job in jobs.items():
        Claims(queue, "test/1").claim(slot_of(job.kind))
        queue.home.job(job.id).write("result.json", results[view])
        queue.finish(job.id, Outcome(state="done", exit_status=0, started=now(), finished=now()))
    return {
        "Sweep": f"results?run={run}&view=Sweep&sweep={jobs['Sweep'].id}",
        "Showdown": f"results?run={run}&view=Showdown&showdown={jobs['Showdown'].id}",
        "Time": f"results?run={run}&view=Time",
        "Machine": f"machine?run={run}",
    }


def _upload(home: Home, name: str, kind: str) -> str:
    return save_upload(home, name, kind, io.BytesIO(name.encode())).sha256


def _layers_and_classes(queue: Queue, run: str) -> None:
    """The layers of a run were compared, and its answers are stored: the variant takes some of the 2 for 7."""
    folder = queue.folder(run).path
    id = analyse(layer_errors_request(folder, INT8)).id
    Claims(queue, "test/1").claim("advice")
    queue.home.job(id).write("result.json", made_layer_errors(30))
    queue.finish(id, Outcome(state="done", exit_status=0, started=now(), finished=now()))
    labels = np.repeat(np.arange(10), 54)
    for variant, n_moved in ((BASE, 0), (INT8, 20)):
        answers = np.where((labels == 2) & (np.cumsum(labels == 2) <= n_moved), 7, labels)
        np.savez(folder / "variants" / variant / "predictions.npz", answers=answers, labels=labels)


def _graphs(queue: Queue, run: str) -> None:
    """Both graphs of a run's variant, as they were read once."""
    folder = queue.folder(run)
    request = graphs_request(folder.path, existing_report(folder), INT8)
    job = queue.submit(request, name=request.kind, key=files_and_versions(request))
    Claims(queue, "test/1").claim("analysis")
    queue.home.job(job.id).write("result.json", made_graphs())
    queue.finish(job.id, Outcome(state="done", exit_status=0, started=now(), finished=now()))


def _analyses(queue: Queue, lived: Lived) -> None:
    profile = ModelProfile(
        name="sample digits",
        format="timm",
        weights="sample",
        inputs={"x": ("N", 1, 64, 64)},
        outputs={"y": ("N", 10)},
        opset=18,
        parameters=4_920_000,
        macs=90_000_000,
        size_bytes=19_710_000,
        layers={"Conv": 12, "Relu": 9},
        classes=tuple("0123456789"),
        n_outputs=10,
        preprocess=GRAY,
    )
    preview = DataPreview(
        summary=made_report().data, counts=(), skipped=(), examples=(), n_outputs=10, head_fits=True, preprocess=GRAY
    )
    refused = Note(code="source", text="the file is no ONNX model")
    ended: Iterable[tuple[AnalysisRequest, Result | None]] = (
        (ProfileRequest(model=SampleModel()), profile),
        (ProfileRequest(model=TIMM), profile.model_copy(update={"weights": "random", "n_outputs": 1000})),
        (ProfileRequest(model=lived.good_file), profile.model_copy(update={"format": "onnx", "weights": "file"})),
        (ProfileRequest(model=lived.bad_file), None),
        (PreviewRequest(model=SampleModel(), data=SampleData()), preview),
        (PreviewRequest(model=SampleModel(), data=lived.zip), preview.model_copy(update={"head_fits": False})),
    )
    for request, result in ended:
        id = analyse(request, from_browser=True).id
        Claims(queue, "test/1").claim("analysis")
        if result is not None:
            queue.home.job(id).write("result.json", result)
        outcome = Outcome(state="done", exit_status=0, started=now(), finished=now())
        if result is None:
            outcome = outcome.model_copy(update={"state": "failed", "error": refused, "next": "Choose another file"})
        queue.finish(id, outcome)
