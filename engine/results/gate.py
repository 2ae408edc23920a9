"""The result of a gate: whether a variant keeps rules on accuracy, speed and size."""

from typing import Literal

from engine.results.base import Result

GateAnswer = Literal["yes", "no", "cannot tell"]


class GateRule(Result):
    """One rule, its figure, and whether the figure keeps it.

    `limit` and `figure` are in points, times or MB, by the rule. `low` and `high` are the ends of the figure's 95 %
    interval, None where it is exact or was not measured.
    """

    name: Literal["max_drop", "min_speedup", "max_size"]
    limit: float
    figure: float | None
    low: float | None = None
    high: float | None = None
    holds: GateAnswer
    text: str


class Gate(Result):
    """All rules on one variant of a run; `variant_id` is None where the run recommends none."""

    run_id: str
    variant_id: str | None
    label: str
    rules: tuple[GateRule, ...]

    @property
    def holds(self) -> GateAnswer:
        """no: a rule is broken; cannot tell: none is, and one is not known to hold; yes: all hold."""
        answers = {rule.holds for rule in self.rules}
        return "no" if "no" in answers else "cannot tell" if "cannot tell" in answers else "yes"
