"""Suggestions after a run that kept its baseline."""

from contextlib import suppress

from engine.api.jobs import find_resolved
from engine.errors import NotFoundError, StorageError
from engine.jobs.queue import Queue
from engine.planning.suggestions import keeps_baseline
from engine.planning.suggestions import suggest as suggest_next
from engine.results import Advice, Suggestion
from engine.settings import AdviseRequest, Recipe


def suggest(id: str) -> tuple[Suggestion, ...]:
    """What to try after a run that kept its baseline, best first, with what each could bring. Raises NotFoundError.

    What the advisor found in this home for the same model, target and data is taken into account.
    """
    report = Queue.default().folder(id).report()
    if report is None or not keeps_baseline(report):
        return ()
    return suggest_next(report, _advice(report.recipe))


def _advice(recipe: Recipe) -> Advice | None:
    """The advice for a recipe, as far as it has come; None where there is none, or its result is damaged or gone.

    It is found by the sums that the recipe has, so no file is opened.
    """
    job = find_resolved(AdviseRequest.of(recipe))
    result = None
    with suppress(NotFoundError, StorageError):
        result = Queue.default().result(job.id) if job else None
    return result if isinstance(result, Advice) else None
