"""What is wrong with a set of images: findings by check, with examples, and what can be said of each class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.results.base import Note, Result
from engine.results.measurements import DataSummary
from engine.wording import many

CheckName = Literal[
    "leak",
    "near_leak",
    "duplicate",
    "near_duplicate",
    "label",
    "blank",
    "blurred",
    "dark",
    "bright",
    "odd_size",
    "odd_shape",
    "grey",
]
AuditSplit = Literal["train", "calibration", "evaluation", "holdout", "selection"]
"""`selection` are images that the evaluation split gave to those that choose."""
FINDINGS_FILE = "findings.csv"
LEAKS: tuple[CheckName, ...] = ("leak", "near_leak")
WIDE = 0.4
"""An accuracy of a class is no statement where its interval may be wider than this: with 20 images or fewer."""
RARE_SHARE = 0.1
"""A class is rare with less than this share of what it had if all were alike, as cleanlab's Datalab has it."""


@dataclass(frozen=True, kw_only=True)
class CheckTexts:
    """How a check is written: `noun` of one image that it finds, and what it means and how it is told."""

    noun: str
    meaning: str


CHECKS: Mapping[CheckName, CheckTexts] = {
    "leak": CheckTexts(
        noun="leaked image",
        meaning="They judge a model and are byte for byte the same as images for training or calibration: accuracy on "
        "them says little about new images.",
    ),
    "near_leak": CheckTexts(
        noun="nearly leaked image",
        meaning="They judge a model and look the same as images for training or calibration: their perceptual hashes "
        "differ in at most 10 of 64 bits and their small pictures correlate by 0.98 or more.",
    ),
    "duplicate": CheckTexts(
        noun="duplicate", meaning="They are byte for byte the same as another image, and count twice."
    ),
    "near_duplicate": CheckTexts(
        noun="near-duplicate", meaning="They look the same as another image, resized or saved again for example."
    ),
    "label": CheckTexts(
        noun="likely label error",
        meaning="An estimate: the model is as sure of another class as it is on that class's own images (confident "
        "learning, Northcutt et al. 2021). It may be wrong itself, so look before you change a label.",
    ),
    "blank": CheckTexts(noun="blank image", meaning="There is next to no information in them: little entropy."),
    "blurred": CheckTexts(noun="blurred image", meaning="They have hardly any edges at 64 px."),
    "dark": CheckTexts(noun="dark image", meaning="Even their lightest parts are dark."),
    "bright": CheckTexts(noun="bright image", meaning="Even their darkest parts are almost white."),
    "odd_size": CheckTexts(
        noun="image of an odd size", meaning="They are far smaller or larger than most: beyond 3 interquartile ranges."
    ),
    "odd_shape": CheckTexts(
        noun="image of an odd shape",
        meaning="One edge is under 35 % of the other, so a centre crop cuts most away and squashing distorts.",
    ),
    "grey": CheckTexts(noun="grey image", meaning="They have no colour, and most of the others have."),
}
"""In the order in which they matter."""


class Finding(Result):
    """One image that a check finds: its score, size or margin, what it is a copy of, and the class it may be of.

    The pictures are small JPEG files beside the result, of the first findings of each check.
    """

    id: str
    split: AuditSplit
    label: str | None = None
    figure: float | None = None
    other_id: str | None = None
    other_split: AuditSplit | None = None
    likely_label: str | None = None
    picture: str | None = None
    other_picture: str | None = None


class CheckResult(Result):
    """How many images a check finds, with examples. `usual`: more than half have it, so it is no finding but how the
    set is, and there are no examples."""

    name: CheckName
    n_found: int
    usual: bool = False
    examples: tuple[Finding, ...] = ()

    @property
    def n_findings(self) -> int:
        return 0 if self.usual else self.n_found


class ClassFigures(Result):
    """The images of one class, and what those that report can say: `width` is the widest that the 95 % interval of an
    accuracy on them can be (Wilson's, at one half), 1 without any."""

    name: str
    n_images: int
    n_evaluation: int
    width: float


class DataAudit(Result):
    """What is wrong with the images. All findings are in the CSV file FINDINGS_FILE beside the result.

    `width` is as in ClassFigures, of all evaluation images. `n_without_leaks` is how many of them, with those that they
    gave to the selection, are no leaks. `no_labels` says why labels were not checked.
    """

    summary: DataSummary
    n_images: int
    checks: tuple[CheckResult, ...]
    classes: tuple[ClassFigures, ...]
    width: float
    n_without_leaks: int
    n_labels_checked: int = 0
    no_labels: Note | None = None
    warnings: tuple[Note, ...] = ()

    def check(self, name: CheckName) -> CheckResult:
        """The result of this check."""
        return next(check for check in self.checks if check.name == name)

    @property
    def found(self) -> tuple[CheckResult, ...]:
        """The checks that find anything, in the order of CHECKS."""
        return tuple(check for check in self.checks if check.n_findings)

    @property
    def n_leaks(self) -> int:
        """How many images that judge are copies of some for training or calibration, by bytes or by look."""
        return sum(self.check(name).n_findings for name in LEAKS)

    @property
    def too_few(self) -> tuple[ClassFigures, ...]:
        """The classes whose accuracy would be no statement, the fewest images first."""
        return tuple(sorted((one for one in self.classes if one.width > WIDE), key=lambda one: one.n_evaluation))

    @property
    def rare(self) -> tuple[ClassFigures, ...]:
        """The classes with far fewer images than the others, the fewest first."""
        total = sum(one.n_images for one in self.classes)
        rare = (one for one in self.classes if one.n_images * len(self.classes) < RARE_SHARE * total)
        return tuple(sorted(rare, key=lambda one: one.n_images))


N_NAMED = 5
"""The classes that a sentence names."""


def check_text(check: CheckResult, audit: DataAudit) -> str:
    """How many images a check finds: 3 blurred images; or that most are so, which is no finding."""
    noun = CHECKS[check.name].noun
    images = f"{check.n_found:,} {noun if check.n_found == 1 else _plural(noun)}"
    return f"{images} of {audit.n_images:,}, so the set is like that" if check.usual else images


def statement_text(audit: DataAudit) -> str:
    """What an accuracy on these evaluation images can say, as a sentence without its full stop."""
    images = many(audit.summary.n_evaluation, "evaluation image")
    return f"The 95 % interval of an accuracy on {images} is up to {100 * audit.width:.0f} points wide"


def class_texts(audit: DataAudit) -> tuple[str, ...]:
    """Which classes have too few evaluation images for a statement, and which are rare, each a sentence if any are."""
    few, rare = audit.too_few, audit.rare
    few_names = _named([f"'{one.name}' ({one.n_evaluation}: {100 * one.width:.0f} points)" for one in few])
    rare_names = _named([f"'{one.name}' ({one.n_images})" for one in rare])
    n_classes = many(len(audit.classes), "class")
    texts = {
        f"{len(few)} of {n_classes} with too few evaluation images for an accuracy of their own: {few_names}": few,
        f"{len(rare)} of {n_classes} with under a tenth of an equal share of the images: {rare_names}": rare,
    }
    return tuple(text for text, classes in texts.items() if classes)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return f"{', '.join(names[:N_NAMED])}{more}"


def _plural(noun: str) -> str:
    return noun.replace("image", "images", 1) if "image" in noun else f"{noun}s"
