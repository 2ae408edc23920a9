"""The verbs about a variant's graph: beside the baseline's, where its time goes, and as the runtime makes it."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse, find_resolved
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.graph_jobs import (
    check_unchanged,
    graphs_request,
    save_optimized_request,
    time_profile_request,
)
from engine.planning.remeasurable import remeasurable_report
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job
from engine.results.optimized_graph import OPTIMIZED_FILE, OptimizedGraph
from engine.results.time_profile import TimeProfile
from engine.settings.graph_jobs import GraphsRequest, SaveOptimizedRequest, TimeProfileRequest

OnEvent = Callable[[Event], None]


def time_profile(run: str | Path, variant: str, on_event: OnEvent = lambda event: None) -> TimeProfile:
    """Where the time of a call goes in a variant and in the baseline of a run, by its id or its folder.

    Raises RequestError where there is no such run or variant, and RunError where a file does not run.
    """
    queue = Queue.default()
    return cast(TimeProfile, _run(queue, _time_profile(run_folder(run, queue.home).path, variant), on_event))


def start_time_profile(id: str, variant: str) -> Job:
    """Queue such a profile, or return the equal job that waits, runs or is done. Raises RequestError."""
    queue = Queue.default()
    return _submit(_time_profile(queue.folder(id).path, variant))


def find_time_profile(id: str, variant: str) -> Job | None:
    """The newest job of such a profile on this machine, in whatever state. Raises RequestError."""
    return find_resolved(_time_profile(Queue.default().folder(id).path, variant))


def start_graphs(id: str, variant: str) -> Job:
    """Queue a variant's graph beside the baseline's, or return the equal job. Raises RequestError."""
    return _submit(_graphs(Queue.default().folder(id).path, variant))


def find_graphs(id: str, variant: str) -> Job | None:
    """The newest job that put these two files' graphs side by side, in whatever state. Raises RequestError."""
    return find_resolved(_graphs(Queue.default().folder(id).path, variant))


def save_optimized(
    run: str | Path, variant: str, out: str | Path, on_event: OnEvent = lambda event: None
) -> OptimizedGraph:
    """Save the graph that onnxruntime makes of a variant on this machine to the path `out`; what that is worth.

    Raises RequestError where there is no such run or variant, and RunError where the graph cannot be saved.
    """
    queue = Queue.default()
    request = _save_optimized(run_folder(run, queue.home).path, variant)
    return cast(OptimizedGraph, _run(queue, request, on_event, {OPTIMIZED_FILE: Path(out)}))


def start_save_optimized(id: str, variant: str) -> Job:
    """Queue it, or return the equal job; the file is `result_file` of OPTIMIZED_FILE. Raises RequestError."""
    queue = Queue.default()
    return _submit(_save_optimized(queue.folder(id).path, variant))


def find_save_optimized(id: str, variant: str) -> Job | None:
    """The newest job of such a graph on this machine, in whatever state. Raises RequestError."""
    return find_resolved(_save_optimized(Queue.default().folder(id).path, variant))


def _time_profile(folder: Path, variant: str) -> TimeProfileRequest:
    return time_profile_request(folder, remeasurable_report(folder), variant)


def _graphs(folder: Path, variant: str) -> GraphsRequest:
    return graphs_request(folder, remeasurable_report(folder), variant)


def _save_optimized(folder: Path, variant: str) -> SaveOptimizedRequest:
    return save_optimized_request(folder, remeasurable_report(folder), variant)


def _run(
    queue: Queue,
    request: TimeProfileRequest | SaveOptimizedRequest,
    on_event: OnEvent,
    copies: dict[str, Path] | None = None,
) -> TimeProfile | OptimizedGraph:
    check_unchanged(request)
    resolved = resolve_request(request, queue.home, from_browser=False)
    result = foreground.run_analysis(queue.home, resolved, on_event=on_event, copies=copies or {})
    return cast(TimeProfile | OptimizedGraph, result)


def _submit(request: TimeProfileRequest | SaveOptimizedRequest | GraphsRequest) -> Job:
    check_unchanged(request)
    return analyse(request)
