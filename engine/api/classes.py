"""The verb that says what a variant changes by class."""

from pathlib import Path

from engine.errors import RequestError
from engine.measure.class_changes import ClassAnswers
from engine.measure.class_changes import class_changes as changes_of
from engine.planning.graph_jobs import find_variant
from engine.planning.remeasurable import existing_report
from engine.planning.variant_files import run_folder
from engine.results import Report
from engine.results.class_changes import ClassChanges
from engine.store.home import Home


def class_changes(run: str | Path, variant: str) -> ClassChanges:
    """What a variant of a run, by its id or its folder, changes for each class, from the answers that the run stored.

    Raises RequestError where there is no such run or variant, or its answers are no classes, and StorageError where
    the stored answers are missing or damaged.
    """
    folder = run_folder(run, Home.default())
    report = existing_report(folder)
    chosen, baseline = find_variant(report, variant), report.baseline
    if baseline is None or chosen.id == baseline.id:
        raise RequestError("the baseline changes no class beside itself", "Choose another variant")
    if not answers_are_classes(report):
        raise RequestError("the answers of this run are no classes", "Choose the run of a classifier")
    before, after = (ClassAnswers.load(folder.file(f"variants/{one.id}/predictions.npz")) for one in (baseline, chosen))
    names = report.data.classes if report.data is not None else None
    return changes_of(chosen.id, before, after, names, had_labels=chosen.accuracy is not None)


def answers_are_classes(report: Report) -> bool:
    """Whether the variants of a run were compared by the class that they answer."""
    return any(one.fidelity is not None and one.fidelity.measure == "agreement" for one in report.main_variants)
