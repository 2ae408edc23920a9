"""Whether the images on which a variant disagrees can be shown."""

from pathlib import Path

from engine.errors import DataError, RequestError
from engine.planning.remeasurable import remeasurable_report
from engine.results import Report
from engine.settings import ArraysData, DisagreementsRequest


def disagreements_request(folder: Path, variant_id: str) -> DisagreementsRequest:
    """The request for a variant of the run in this folder. Raises as `check_disagreements`."""
    report = remeasurable_report(folder)
    _check(report, variant_id)
    return DisagreementsRequest(folder=str(folder.absolute()), recipe=report.recipe, variant_id=variant_id)


def check_disagreements(request: DisagreementsRequest) -> None:
    """Raises RequestError and StateError as `remeasurable_report` does, and where the run has no such variant beside
    its baseline; DataError where the run had no images.
    """
    _check(remeasurable_report(Path(request.folder)), request.variant_id)


def _check(report: Report, variant_id: str) -> None:
    variant = report.variant(variant_id)
    if variant is None or variant.role == "baseline":
        others = ", ".join(one.id for one in report.variants if one.role != "baseline") or "none"
        raise RequestError(f"the run has no variant '{variant_id}' beside its baseline", f"It has {others}")
    if report.recipe.data is None or isinstance(report.recipe.data, ArraysData):
        raise DataError("the run had no images to look at", "Choose a run on images")
