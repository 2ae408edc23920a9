"""Images of a run with what its variants answer, for people to look at."""

from engine.results.base import Result
from engine.results.disagreements import ChangeKind


class ExampleAnswer(Result):
    """What a variant answers: a class, and how probable it finds it."""

    name: str
    probability: float


class Example(Result):
    """An image that reports, as the model gets it, with the answer of each variant by its id.

    `picture` is a file of the run's folder. `label` is null where there are no labels.
    """

    image_id: str
    label: str | None
    picture: str
    answers: dict[str, ExampleAnswer]

    def change(self, baseline_id: str, variant_id: str) -> ChangeKind | None:
        """How the variant's answer differs from the baseline's; None where it is the same, or one of them has none."""
        before, after = self.answers.get(baseline_id), self.answers.get(variant_id)
        if before is None or after is None or before.name == after.name:
            return None
        if self.label is None:
            return "changed"
        if before.name == self.label:
            return "right_to_wrong"
        return "wrong_to_right" if after.name == self.label else "wrong_to_other"
