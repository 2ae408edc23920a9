"""What is known about a recipe before its run, and what can be done with a model."""

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


class Applicability(Result):
    """Whether a technique, by one of its methods, can be applied to a model; where not, `refusal` says why.

    `needs` is what it takes beside the model, such as labelled images.
    """

    technique: str
    method: str | None
    title: str
    needs: tuple[str, ...] = ()
    refusal: Refusal | None = None
