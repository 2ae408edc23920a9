"""The request to export variants of a run, made from its report, and the destinations that an operator allows."""

import os
from collections.abc import Sequence
from pathlib import Path

from engine.errors import RequestError, SettingsError
from engine.planning.graph_jobs import recommended_variant
from engine.planning.remeasurable import remeasurable_report
from engine.settings import FileModel
from engine.settings.export_job import (
    TOKEN,
    Destination,
    ExportRequest,
    FilesDestination,
    HubDestination,
    MlflowDestination,
)

ALLOWED = "FEATHERWEIGHT_EXPORT_TO"
"""The variable of the environment that lists the destinations of the page Ship, with spaces between."""
HUB_PREFIX, MLFLOW_PREFIX = "hf://", "mlflow+"


def export_request(
    folder: Path, name: str, destination: Destination, variants: Sequence[str], *, overwrite: bool
) -> ExportRequest:
    """The request for these variants of the run in a folder, for the recommended one where none are named.

    Raises RequestError and StateError as `remeasurable_report` does, and where there is no such variant.
    """
    report = remeasurable_report(folder)
    source = report.recipe.model
    reads_network = isinstance(destination, HubDestination) and not isinstance(source, FileModel)
    return ExportRequest(
        folder=str(folder.absolute()),
        name=name or report.recipe.name or report.run_id,
        variants=tuple(dict.fromkeys(variants)) or (recommended_variant(report).id,),
        destination=destination,
        network_source=source if reads_network else None,
        overwrite=overwrite,
    )


def check_export(request: ExportRequest) -> None:
    """Raises RequestError where the run, a variant or the destination's folder is not there, or a token is missing."""
    report = remeasurable_report(Path(request.folder))
    for id in request.variants:
        if report.variant(id) is None:
            ids = ", ".join(one.id for one in report.main_variants)
            raise RequestError(f"the run has no variant '{id}'", f"It has {ids}")
    match request.destination:
        case FilesDestination(folder=str(folder)):
            _check_folder(Path(folder))
        case HubDestination() if not os.environ.get(TOKEN):
            raise RequestError(
                f"there is no token for the Hugging Face Hub in {TOKEN}", f"Set {TOKEN} to one that may write"
            )


def _check_folder(folder: Path) -> None:
    if not folder.is_absolute() or not folder.is_dir():
        raise RequestError(f"'{folder}' is no folder on this machine", "Create it, or name another one")
    if not os.access(folder, os.W_OK):
        raise RequestError(f"the folder '{folder}' may not be written", "Change its permissions, or name another one")


def allowed_destinations() -> tuple[Destination, ...]:
    """The destinations that the operator allows the page to write to.

    Raises SettingsError that names the one that is wrong.
    """
    return tuple(parse_destination(text) for text in os.environ.get(ALLOWED, "").split())


def parse_destination(text: str) -> Destination:
    """The destination of /folder, s3://bucket, hf://owner/name or mlflow+http://host:port. Raises SettingsError."""
    if text.startswith(HUB_PREFIX):
        return HubDestination.parse({"repository": text.removeprefix(HUB_PREFIX)})
    if text.startswith(MLFLOW_PREFIX):
        return MlflowDestination.parse({"tracking_uri": text.removeprefix(MLFLOW_PREFIX)})
    if not text:
        raise SettingsError(
            "the destination is empty", "Name a folder, s3://BUCKET, hf://OWNER/NAME or mlflow+http://…"
        )
    return FilesDestination.parse({"url": text})
