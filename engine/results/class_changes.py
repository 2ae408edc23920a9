"""What a variant changes for each class, and where its answers move to."""

from engine.results.audit import WIDE
from engine.results.base import Result


class ClassChange(Result):
    """A class: what the variant has right of its images beside the baseline.

    Without labels its images are those that the baseline takes for it, so that the change is the agreement less 1.
    `low` and `high` are the ends of the paired interval of the change; the intervals of all classes hold together with
    95 %. `width` is the widest that the interval of an accuracy can be on so many images.
    """

    index: int
    name: str
    n_images: int
    n_baseline_right: int
    n_right: int
    n_lost: int
    n_won: int
    low: float
    high: float
    width: float

    @property
    def change(self) -> float:
        """As a share of the class's images; negative for a loss."""
        return (self.n_right - self.n_baseline_right) / self.n_images

    @property
    def has_few(self) -> bool:
        """Whether it has too few images for a statement, as the audit of images judges it: 20 or fewer."""
        return self.width > WIDE

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval is on one side of no change."""
        return self.high < 0 or self.low > 0


class AnswerMove(Result):
    """Images of one class whose answer moved from one class to another; all by their indices."""

    label: int
    baseline_answer: int
    answer: int
    n_images: int


class ConfusionChange(Result):
    """A cell of the confusion matrix that differs: images of a class that baseline and variant answer so."""

    label: int
    answer: int
    n_baseline: int
    n_images: int

    @property
    def difference(self) -> int:
        """Variant minus baseline."""
        return self.n_images - self.n_baseline


class ClassChanges(Result):
    """A variant beside the baseline by class, on the images that report: the classes by the size of their change.

    Without labels (`labelled` False) the baseline's answers stand in their place; `labels_missing` where the run had
    labels and is from before they were stored beside the predictions. `moves` are the largest first. `names` are those
    of the classes, by index.
    """

    variant_id: str
    labelled: bool
    labels_missing: bool
    n_images: int
    n_changed: int
    names: tuple[str, ...]
    rows: tuple[ClassChange, ...]
    moves: tuple[AnswerMove, ...]
    cells: tuple[ConfusionChange, ...]

    @property
    def few(self) -> tuple[ClassChange, ...]:
        """The classes with too few images for a statement, the fewest first."""
        return tuple(sorted((row for row in self.rows if row.has_few), key=lambda row: row.n_images))


def move_text(changes: ClassChanges, move: AnswerMove) -> str:
    """A move as a sentence without its full stop: 12 images of '3' are taken for '8' and no longer for '3'."""
    images = f"{move.n_images:,} {'image' if move.n_images == 1 else 'images'}"
    verb = "is" if move.n_images == 1 else "are"
    label, before, after = (f"'{changes.names[one]}'" for one in (move.label, move.baseline_answer, move.answer))
    if not changes.labelled:
        return f"{images} that the baseline takes for {before} {verb} taken for {after}"
    if move.answer == move.label:
        return f"{images} of {label} {verb} right now, taken for {before} before"
    if move.baseline_answer == move.label:
        return f"{images} of {label} {verb} taken for {after}, right before"
    return f"{images} of {label} {verb} taken for {after}, for {before} before"
