"""Where the time of a call goes: two files in the same rounds, then each under the runtime's profiler."""

from pathlib import Path

from engine.errors import RunError, SourceError
from engine.measure.node_matching import file_nodes, match_nodes, with_covered
from engine.measure.noise import noise_inputs
from engine.measure.timing import nothing_timed_note, time_files
from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto, read_onnx
from engine.results import Note, codes
from engine.results.time_profile import TimeProfile
from engine.runtimes import node_times, resolve_target
from engine.settings import FileModel, Preprocess
from engine.settings.graph_jobs import TimeProfileRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress

N_ROUNDS = 6
BASELINE, MODEL = "baseline", "model"

_OF_STARTS = Note(
    code=codes.TIMES_OF_STARTS,
    text="The times of the parts are those of starting them: the card computes later, and a part that waits for it "
    "seems to take the time of those before it. Whole calls are measured to their end",
)
"""onnxruntime's profiler reads the clock around each kernel on the host (its issue 20398); times on the card need a
build with --enable_cuda_profiling."""


def time_profile(request: TimeProfileRequest, folder: JobFolder, progress: Progress) -> TimeProfile:
    """The nodes of both files as the target's runtime runs them, matched by name, on noise of their input's shape.

    Raises SourceError where a file is no model, TargetError where this machine lacks the target's provider, and
    RunError where one of the files does not run.
    """
    progress.emit("time_profile", "load", 0.0, "reading the files")
    target = resolve_target(request.target)
    models = {BASELINE: _read(request.baseline, request.preprocess), MODEL: _read(request.model, request.preprocess)}
    inputs = noise_inputs(models[BASELINE], target.batch_size)
    timings = time_files(
        models,
        BASELINE,
        target,
        inputs,
        on_round=lambda done, total: progress.emit(
            "time_profile", "latency", 0.1 + 0.6 * done / total, f"whole calls, round {done} of {total}"
        ),
        n_rounds=N_ROUNDS,
    )
    if (error := timings.errors.get(BASELINE)) is not None:
        raise RunError(nothing_timed_note(error).text, error.next)
    if (error := timings.errors.get(MODEL)) is not None:
        raise RunError(f"the variant does not run: {error.message}", error.next)
    progress.emit("time_profile", "profile", 0.7, "node by node")
    files = {name: file_nodes(load_proto(model.path)) for name, model in models.items()}
    nodes = {name: with_covered(node_times(model.path, target, inputs), files[name]) for name, model in models.items()}
    return TimeProfile(
        runtime=target.runtime,
        provider=target.provider,
        threads=target.threads or 1,
        batch_size=target.batch_size,
        baseline_latency=timings.latencies[BASELINE].latency,
        model_latency=timings.latencies[MODEL].latency,
        rows=match_nodes(nodes[BASELINE], files[BASELINE], nodes[MODEL], files[MODEL]),
        warnings=(*timings.warnings, *((_OF_STARTS,) if target.on_cuda else ())),
    )


def _read(source: FileModel, preprocess: Preprocess | None) -> OnnxModel:
    if source.path is None:
        raise SourceError("a file is named by its path here", "Give its path")
    return read_onnx(Path(source.path), preprocess)
