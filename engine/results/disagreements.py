"""The images on which a variant answers otherwise than the baseline."""

from typing import Literal

from engine.results.base import Result

ChangeKind = Literal["right_to_wrong", "wrong_to_right", "wrong_to_other", "changed"]
CHANGE_TITLES: dict[ChangeKind, str] = {
    "right_to_wrong": "right → wrong",
    "wrong_to_right": "wrong → right",
    "wrong_to_other": "wrong → other",
    "changed": "another answer",
}
"""In words; `changed` is where there are no labels."""


class Disagreement(Result):
    """One image: what both answer, how probable they find it, and what it is labelled.

    `damage` is how much probability the label (without labels the baseline's answer) has lost. `label_is_doubtful`:
    the baseline is surer of another class than it usually is, so that the label may be what is wrong. `picture` and the
    maps are files of the job; there are maps of the most damaging images alone.
    """

    image_id: str
    label: str | None
    kind: ChangeKind
    baseline_answer: str
    baseline_probability: float
    variant_answer: str
    variant_probability: float
    damage: float
    label_is_doubtful: bool
    picture: str
    baseline_map: str | None = None
    variant_map: str | None = None


class Disagreements(Result):
    """The images on which both disagree, the most damaging first, at most so many as a person looks through.

    `counts` has them all, by kind; `n_images` were asked about, of `n_evaluation`.
    """

    variant_id: str
    n_images: int
    n_evaluation: int
    counts: dict[ChangeKind, int]
    rows: tuple[Disagreement, ...]
