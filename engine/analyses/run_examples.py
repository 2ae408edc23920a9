"""The examples that report in a finished run, for analyses of its variants."""

from pathlib import Path

from engine.context import ProgressCallback
from engine.data import Data, Examples
from engine.errors import DataError
from engine.results import Report
from engine.run.pipeline import load
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.store.home import Home

RUN_AGAIN = "Run its recipe again"


def evaluation_examples(report: Report, data: Data, next: str = RUN_AGAIN) -> Examples:
    """The examples that the report is on; noise of their shape where the run had none of the user's.

    Raises DataError, with `next` for what to do, where the images or their labels have changed since.
    """
    recorded = report.data.evaluation_sha256 if report.data is not None else None
    if report.recipe.data is not None and data.evaluation_sha256 != recorded:
        raise DataError("the images or their labels are not those that the run had", next)
    return data.split("evaluation")


def read_evaluation_examples(
    recipe: Recipe, report: Report, work: Path, on_progress: ProgressCallback, next: str = RUN_AGAIN
) -> Examples:
    """The same, read again by the resolved recipe of the run; files are unpacked below `work`. Raises the same."""
    _, data = load(recipe, work, Cache(Home.default().cache), on_progress)
    return evaluation_examples(report, data, next)
