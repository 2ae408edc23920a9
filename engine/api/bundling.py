"""The verbs that pack variants of a run into a bundle, and read what a bundle found on another machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse, find_resolved
from engine.api.reporting import run_name
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.bundling import bundle_request
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.results import Event, Job
from engine.results.bundle import BUNDLE_FILE, Bundle
from engine.settings.bundle_job import BundleRequest, GoldenSource


def bundle(
    run: str | Path,
    out: str | Path,
    variant_ids: Sequence[str] = (),
    golden: GoldenSource = "evaluation",
    on_event: Callable[[Event], None] = lambda event: None,
) -> Bundle:
    """Pack variants of a run, by its id or its folder, into the zip `out`: the recommended one where none is named.

    Raises RequestError where there is no such run or variant or a file of it has changed, DataError where its images
    are others now, and RunError where a variant does not run here.
    """
    queue = Queue.default()
    folder = run_folder(run, queue.home).path
    request = bundle_request(folder, run_name(queue, run), variant_ids, golden)
    resolved = resolve_request(request, queue.home, from_browser=False)
    result = foreground.run_analysis(queue.home, resolved, on_event=on_event, copies={BUNDLE_FILE: Path(out)})
    return cast(Bundle, result)


def start_bundle(id: str, variant_ids: Sequence[str] = (), golden: GoldenSource = "evaluation") -> Job:
    """Queue it, or return the equal job; the zip is `result_file` of BUNDLE_FILE. Raises as `bundle`."""
    return analyse(_request(id, variant_ids, golden))


def find_bundle(id: str, variant_ids: Sequence[str] = (), golden: GoldenSource = "evaluation") -> Job | None:
    """The newest job of such a bundle, in whatever state. Raises RequestError."""
    return find_resolved(_request(id, variant_ids, golden))


def _request(id: str, variant_ids: Sequence[str], golden: GoldenSource) -> BundleRequest:
    queue = Queue.default()
    return bundle_request(queue.folder(id).path, run_name(queue, id), variant_ids, golden)
