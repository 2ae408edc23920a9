"""What to try next where a run kept its baseline."""

from typing import Literal

from engine.results.base import Result
from engine.settings import Step, Target

SuggestionCode = Literal[
    "images", "copies", "train", "qat", "quantize", "prune", "distill", "architecture", "hardware", "threads", "batch"
]
Basis = Literal["measured_here", "measured_elsewhere", "published", "unknown"]


class Suggestion(Result):
    """Something to try next: a button's `title`, and what it could bring in `text`, without a final full stop.

    `basis` says where the figures in the text are from; unknown where there are none for this model. `steps` replace
    the recipe's chains, `target` its target. A suggestion with neither does not change the recipe: `architecture` leads
    to the advisor, `hardware` to another machine, `images` to the data, and `copies` leaves images out of the data.
    """

    code: SuggestionCode
    title: str
    text: str
    basis: Basis
    steps: tuple[Step, ...] | None = None
    target: Target | None = None
