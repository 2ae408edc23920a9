"""What is known of a recipe before it runs."""

from engine.results.base import Result
from engine.settings import AnalysisRequest


class Refusal(Result):
    """Why a run would fail, and what to do instead; both without a final full stop.

    `request` is the analysis that failed, where one did: the next time it may succeed.
    """

    message: str
    next: str
    request: AnalysisRequest | None = None


class Preflight(Result):
    """Why a recipe cannot run, by what earlier analyses found; `unknown` are those that nobody has asked for yet."""

    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[AnalysisRequest, ...] = ()
