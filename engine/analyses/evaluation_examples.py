"""The evaluation examples of a finished run, read again for what is asked about them later."""

from pathlib import Path

from engine.context import ProgressCallback
from engine.data import Examples
from engine.errors import DataError
from engine.results import Report
from engine.run.pipeline import load
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.store.home import Home


def evaluation_examples(recipe: Recipe, report: Report, work: Path, on_progress: ProgressCallback) -> Examples:
    """Those that the report is on; files are unpacked below `work`. Raises DataError where they are others now."""
    _, data = load(recipe, work, Cache(Home.default().cache), on_progress)
    if report.data is not None and data.summary().evaluation_sha256 != report.data.evaluation_sha256:
        raise DataError(
            "the images or their labels are not those that the run had",
            "Run its recipe again; a bundle can be proved with made-up images too",
        )
    return data.split("evaluation")
