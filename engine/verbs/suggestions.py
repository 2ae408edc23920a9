"""What comes next for a run that kept its baseline."""

from contextlib import suppress

from engine.errors import DataError, NotFoundError, SourceError, TargetError
from engine.jobs.queue import Queue
from engine.results import Advice, Suggestion
from engine.settings import AdviseRequest, Recipe
from engine.suggesting import suggest as suggest_next
from engine.verbs.jobs import find_analysis


def suggest(id: str) -> tuple[Suggestion, ...]:
    """What to try after a run that kept its baseline, best first, with what each could bring. Raises NotFoundError.

    What the advisor found in this home for the same model, target and data is taken into account.
    """
    report = Queue.default().folder(id).report()
    return suggest_next(report, _advice(report.recipe)) if report else ()


def _advice(recipe: Recipe) -> Advice | None:
    """As far as it has come; None where nobody asked for it, and where what it was asked for is gone.

    An upload is found by its sum, as a page asks; a file elsewhere by its path, as the command line does.
    """
    for from_browser in (True, False):
        with suppress(SourceError, DataError, TargetError, NotFoundError):
            job = find_analysis(AdviseRequest.of(recipe), from_browser=from_browser)
            found = Queue.default().folder(job.id).result() if job else None
            if isinstance(found, Advice):
                return found
    return None
