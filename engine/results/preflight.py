"""What is known about a recipe before its run."""

from engine.results.base import Result
from engine.settings import AnalysisRequest


class Refusal(Result):
    """Why a run would fail, and what to do instead; both without a final full stop.

    `request` is the failed analysis behind the refusal, if any; it may succeed when it is repeated.
    """

    message: str
    next: str
    request: AnalysisRequest | None = None


class Preflight(Result):
    """Why a recipe cannot run, by the results of earlier analyses; `unknown` are the analyses that are missing."""

    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[AnalysisRequest, ...] = ()
