"""Whether the latencies of a run can be measured again."""

from pathlib import Path

from engine.errors import RequestError, StateError
from engine.planning.target import check_target
from engine.results import Report
from engine.settings import RemeasureRequest, WorkloadRequest
from engine.store.folders import JobFolder


def check_remeasurable(request: RemeasureRequest) -> None:
    """Raises RequestError and StateError as `remeasurable_report` does, and TargetError for threads above the cores."""
    check_target(remeasurable_report(Path(request.folder)).recipe.target)


def check_workload(request: WorkloadRequest) -> None:
    """Raises as `remeasurable_report` does for a run, and TargetError where a model's target asks for too much."""
    if request.folder is not None:
        remeasurable_report(Path(request.folder))
    else:
        check_target(request.target)


def existing_report(folder: JobFolder) -> Report:
    """The report in a run's folder, as far as it has come.

    Raises RequestError where there is none, and StorageError where it is damaged.
    """
    report = folder.report()
    if report is None:
        raise RequestError(f"'{folder.path}' has no report.json", "Give the folder of a run, or a run's id")
    return report


def remeasurable_report(folder: Path) -> Report:
    """The report in the folder of a finished run.

    Raises RequestError where the folder has no report or a variant's file is missing, and StateError where the run has
    not ended or has compared nothing. Raises StorageError where the report is damaged.
    """
    report = existing_report(JobFolder(folder))
    if report.recommended is None:
        raise StateError(
            f"the run in '{folder}' ended before its variants were compared",
            "Wait until it has ended, or run its recipe again",
        )
    missing = [one.file for one in report.variants if one.verdict and not (folder / one.file).is_file()]
    if missing:
        raise RequestError(f"the file '{missing[0]}' of '{folder}' is missing", "Run its recipe again")
    return report
