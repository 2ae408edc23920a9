"""The examples that report in a finished run, for analyses of its variants."""

from engine.data import Data, Examples
from engine.errors import DataError
from engine.results import Report


def evaluation_examples(report: Report, data: Data) -> Examples:
    """The examples that the report is on; noise of their shape where the run had none of the user's.

    Raises DataError where the images or their labels have changed since.
    """
    recorded = report.data.evaluation_sha256 if report.data is not None else None
    if report.recipe.data is not None and data.evaluation_sha256 != recorded:
        raise DataError("the images or their labels are not those that the run had", "Run its recipe again")
    return data.split("evaluation")
