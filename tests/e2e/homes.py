"""A home as it is after weeks of use: runs in every state, analyses that succeeded and failed, uploads."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from engine.api.jobs import analyse
from engine.jobs.claims import Claims
from engine.jobs.job_kind import files_and_versions
from engine.jobs.queue import Queue
from engine.planning.graph_jobs import graphs_request
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
    TimmModel,
)
from engine.store.folders import Outcome, now
from engine.store.home import Home
from engine.store.uploads import save_upload
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
from tests.made_graphs import made_graphs

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
    lived = Lived(runs, FileModel(sha256=good), FileModel(sha256=bad), ImagesData(sha256=images))
    _analyses(queue, lived)
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


def _upload(home: Home, name: str, kind: str) -> str:
    return save_upload(home, name, kind, io.BytesIO(name.encode())).sha256


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
