"""What comes next for a run that kept its baseline."""

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
    """As far as it has come; None where nobody asked for it, and where its result is damaged or gone.

    The model and the data are those whose sums the recipe has: a file that has changed since is not looked at.
    """
    job = find_resolved(AdviseRequest.of(recipe))
    result = None
    with suppress(NotFoundError, StorageError):
        result = Queue.default().result(job.id) if job else None
    return result if isinstance(result, Advice) else None
