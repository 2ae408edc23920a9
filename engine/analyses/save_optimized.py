"""Saves the graph that onnxruntime makes of a file, and measures what that saves and whether anything else changes."""

import time
from dataclasses import replace
from pathlib import Path

from engine.errors import RunError, SourceError
from engine.measure.cold_start import spread
from engine.measure.noise import noise_inputs
from engine.measure.output_difference import compare_outputs
from engine.measure.timing import time_files
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.graph import read_onnx
from engine.results.optimized_graph import OPTIMIZED_FILE, OptimizedGraph
from engine.runtimes import open_session, resolve_target, save_optimized_graph
from engine.settings import Target
from engine.settings.graph_jobs import SaveOptimizedRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import cpu_name, graphics_cards, isa

N_LOADS = 7
N_ROUNDS = 6
N_COMPARED = 8
MOST_SECONDS = 30.0
"""No further pair of loads begins after this."""
FILE, OPTIMIZED = "file", "optimized"


def save_optimized(request: SaveOptimizedRequest, folder: JobFolder, progress: Progress) -> OptimizedGraph:
    """The saved graph of the file, which lies beside the result under OPTIMIZED_FILE.

    Raises SourceError where the file is no model, TargetError where this machine lacks the provider, and RunError where
    the graph cannot be saved, or answers otherwise than the file by more than rounding explains.
    """
    progress.emit("save_optimized", "save", 0.0, "saving the graph")
    if request.model.path is None:
        raise SourceError("a file is named by its path here", "Give its path")
    target = resolve_target(request.target)
    model = read_onnx(Path(request.model.path), request.preprocess)
    path = folder.path / OPTIMIZED_FILE
    version = save_optimized_graph(model.path, target, path)
    progress.emit("save_optimized", "compare", 0.2, "comparing the outputs")
    difference = compare_outputs(model, path, noise_inputs(model, model.batch or N_COMPARED), target)
    if not difference.is_rounding:
        path.unlink()
        raise RunError(
            f"the saved graph answers otherwise than the file: its outputs differ by {difference.worst:.2g} of the "
            f"largest, where rounding explains {difference.allowed:.2g}",
            "Take the ONNX file itself",
        )
    progress.emit("save_optimized", "load", 0.4, "opening both files in turns")
    pairs = _loads(model, path, target)
    timings = time_files(
        {FILE: model, OPTIMIZED: replace(model, path=path)},
        FILE,
        target,
        noise_inputs(model, target.batch_size),
        on_round=lambda done, total: progress.emit(
            "save_optimized", "latency", 0.5 + 0.5 * done / total, f"calls of both, round {done} of {total}"
        ),
        n_rounds=N_ROUNDS,
    )
    for error in timings.errors.values():
        raise error
    return OptimizedGraph(
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        runtime_version=version,
        provider=target.provider,
        cpu=cpu_name(),
        graphics_cards=graphics_cards() if target.on_cuda else (),
        isa=isa(),
        threads=target.threads or 1,
        load_ms=spread([own for own, _ in pairs]),
        optimized_load_ms=spread([optimized for _, optimized in pairs]),
        load_ratio=spread([optimized / own for own, optimized in pairs]),
        n_loads=len(pairs),
        worst_difference=difference.worst,
        latency=timings.latencies[OPTIMIZED].latency,
    )


def _loads(model: OnnxModel, optimized: Path, target: Target) -> list[tuple[float, float]]:
    """Milliseconds until a session of either file is open, in turns; the first pair of all does not count."""
    began, pairs = time.monotonic(), []
    for number in range(N_LOADS + 1):
        pair = _load_ms(model, model.path, target), _load_ms(model, optimized, target)
        if number:
            pairs.append(pair)
        if pairs and time.monotonic() - began > MOST_SECONDS:
            break
    return pairs


def _load_ms(model: OnnxModel, path: Path, target: Target) -> float:
    began = time.perf_counter()
    with open_session(path, target, output_names=model.output_names):
        return 1000 * (time.perf_counter() - began)
