"""Which variants of a run can be packed into a bundle, and the request for it."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import RequestError
from engine.planning.graph_jobs import find_variant, recommended_variant
from engine.planning.remeasurable import remeasurable_report
from engine.planning.target import check_target
from engine.settings.bundle_job import BundleRequest, GoldenSource
from engine.settings.serving import DEFAULT_SERVING, ServeChoice
from engine.store.uploads import path_sum


def bundle_request(
    folder: Path, name: str, variant_ids: Sequence[str], golden: GoldenSource, serve: ServeChoice = DEFAULT_SERVING
) -> BundleRequest:
    """The request for these variants of the run in the folder, the recommended one where none is named.

    Whether its files are as they were is seen when it is resolved. Raises RequestError and StateError as
    `remeasurable_report` does, and NotFoundError for a variant that is not there.
    """
    report = remeasurable_report(folder)
    variants = [find_variant(report, id) for id in dict.fromkeys(variant_ids)] or [recommended_variant(report)]
    return BundleRequest(
        folder=str(folder.absolute()),
        name=name or report.recipe.name,
        recipe=report.recipe,
        report_sha256=path_sum(folder / "report.json"),
        variants=tuple(variant.id for variant in variants),
        golden=golden,
        serve=serve,
    )


def check_bundle(request: BundleRequest) -> None:
    """Raises RequestError and StateError as `remeasurable_report` does and for a file that has changed, NotFoundError
    for a variant that is not there, and TargetError where this machine has too few cores for its target.
    """
    folder = Path(request.folder)
    report = remeasurable_report(folder)
    for variant in (find_variant(report, id) for id in request.variants):
        if not (folder / variant.file).is_file() or path_sum(folder / variant.file) != variant.sha256:
            raise RequestError(
                f"the file '{variant.file}' of this run is missing or has changed: its SHA-256 is another",
                "Run its recipe again",
            )
        check_target(report.target_of(variant))
