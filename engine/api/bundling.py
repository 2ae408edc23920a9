"""The verbs that pack variants of a run into a bundle, and read what a bundle found on another machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from engine.api.jobs import analyse, find_resolved
from engine.api.reporting import run_name
from engine.jobs import foreground
from engine.jobs.queue import Queue
from engine.planning.bundling import bundle_request
from engine.planning.remeasurable import existing_report
from engine.planning.resolve import resolve_request
from engine.planning.variant_files import run_folder
from engine.planning.verification import check_verification, parse_verification
from engine.results import Event, Job
from engine.results.bundle import BUNDLE_FILE, Bundle
from engine.results.verification import KnownVerification
from engine.settings.bundle_job import BundleRequest, GoldenSource
from engine.settings.serving import DEFAULT_SERVING, ServeChoice
from engine.store.folders import now
from engine.store.home import Home
from engine.store.verifications import content_id, save_verification, verifications_of
from engine.store.verifications import delete_verification as delete_one


def bundle(
    run: str | Path,
    out: str | Path,
    variant_ids: Sequence[str] = (),
    golden: GoldenSource = "evaluation",
    on_event: Callable[[Event], None] = lambda event: None,
    serve: ServeChoice = DEFAULT_SERVING,
) -> Bundle:
    """Pack variants of a run, by its id or its folder, into the zip `out`: the recommended one where none is named.

    `serve` is how it is to serve itself.

    Raises RequestError where there is no such run or variant or a file of it has changed, DataError where its images
    are others now, and RunError where a variant does not run here.
    """
    queue = Queue.default()
    folder = run_folder(run, queue.home).path
    request = bundle_request(folder, run_name(queue, run), variant_ids, golden, serve)
    resolved = resolve_request(request, queue.home, from_browser=False)
    result = foreground.run_analysis(queue.home, resolved, on_event=on_event, copies={BUNDLE_FILE: Path(out)})
    return cast(Bundle, result)


def start_bundle(
    id: str,
    variant_ids: Sequence[str] = (),
    golden: GoldenSource = "evaluation",
    serve: ServeChoice = DEFAULT_SERVING,
) -> Job:
    """Queue it, or return the equal job; the zip is `result_file` of BUNDLE_FILE. Raises as `bundle`."""
    return analyse(_request(id, variant_ids, golden, serve))


def find_bundle(
    id: str,
    variant_ids: Sequence[str] = (),
    golden: GoldenSource = "evaluation",
    serve: ServeChoice = DEFAULT_SERVING,
) -> Job | None:
    """The newest job of such a bundle, in whatever state. Raises RequestError."""
    return find_resolved(_request(id, variant_ids, golden, serve))


def import_verification(content: bytes) -> KnownVerification:
    """Check what verify.py of a bundle wrote, and keep it beside the run. Raises RequestError with what does not hold.

    NotFoundError where its run or variant is none of this home.
    """
    verification, queue = parse_verification(content), Queue.default()
    run = verification.bundle.run
    report = existing_report(queue.folder(run))
    variant = check_verification(verification, report)
    known = KnownVerification(
        id=content_id(content),
        run_name=run_name(queue, run),
        label=variant.label,
        imported=now(),
        verification=verification,
    )
    save_verification(queue.home, known)
    return known


def verifications(run_ids: Sequence[str]) -> tuple[KnownVerification, ...]:
    """What bundles of these runs found on other machines, the newest of each run first."""
    return verifications_of(Home.default(), run_ids)


def delete_verification(run_id: str, id: str) -> None:
    """Forget one of them. Raises NotFoundError for a run that is not here."""
    queue = Queue.default()
    delete_one(queue.home, queue.job(run_id).id, id)


def _request(id: str, variant_ids: Sequence[str], golden: GoldenSource, serve: ServeChoice) -> BundleRequest:
    queue = Queue.default()
    return bundle_request(queue.folder(id).path, run_name(queue, id), variant_ids, golden, serve)
