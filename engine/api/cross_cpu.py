"""The verbs that say what a variant answers on a processor without VNNI."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse, find_resolved
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.cross_cpu import cross_cpu_request
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job
from engine.results.cross_cpu import CrossCpu
from engine.settings.cross_cpu_job import CrossCpuRequest

MINUTES = float(CrossCpuRequest.model_fields["minutes"].default)


def cross_cpu(
    run: str | Path, variant: str, minutes: float = MINUTES, on_event: Callable[[Event], None] = lambda event: None
) -> CrossCpu:
    """Estimate what a variant of a run, by its id or its folder, answers on an x86 processor without VNNI.

    Raises RequestError where there is no such run or variant, DataError where its images are others now, and RunError
    where its operators cannot be emulated.
    """
    queue = Queue.default()
    request = cross_cpu_request(run_folder(run, queue.home).path, variant, minutes)
    resolved = resolve_request(request, queue.home, from_browser=False)
    return cast(CrossCpu, foreground.run_analysis(queue.home, resolved, on_event=on_event))


def start_cross_cpu(id: str, variant: str) -> Job:
    """Queue it, or return the equal job. Raises as `cross_cpu`."""
    return analyse(cross_cpu_request(Queue.default().folder(id).path, variant, MINUTES))


def find_cross_cpu(id: str, variant: str) -> Job | None:
    """The newest job of such an estimate, in whatever state. Raises RequestError."""
    return find_resolved(cross_cpu_request(Queue.default().folder(id).path, variant, MINUTES))
