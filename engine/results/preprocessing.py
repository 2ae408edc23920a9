"""The result of trying other preprocessings than the one that a model is run with, and its texts."""

from typing import Literal

from engine.results.base import Note, Result
from engine.results.measurements import Comparison
from engine.settings import NORMALISATIONS, Preprocess
from engine.wording import percent

SIGNIFICANT = 0.05
"""The chance of calling any setting of the whole search better where none is."""

Stage = Literal["declared", "normalisation", "crop", "interpolation"]
"""What is tried: the setting as it is declared; other numbers for the same pixels; other cuts; other filters."""


class PreprocessingTrial(Result):
    """What the model answers under one preprocessing, on the first `n_images` images.

    With labels: top-1 with its 95 % Wilson interval, and against the trial at `reference`, on the same images, how many
    are right here alone (`n_better`) and there alone (`n_worse`), with the p-value of McNemar's exact test, two-sided
    and not corrected. `confidence` is the mean probability of the answers, `entropy` the mean entropy of the
    probabilities in nats, and `n_answers` the number of different answers; null where no output is finite.
    """

    preprocess: Preprocess
    stage: Stage
    n_images: int
    top1: float | None = None
    low: float | None = None
    high: float | None = None
    reference: int | None = None
    n_better: int | None = None
    n_worse: int | None = None
    p_value: float | None = None
    confidence: float | None
    entropy: float | None
    n_answers: int | None


class PreprocessingDetection(Result):
    """Preprocessings that were tried, the declared one first.

    `better` is the index of the one that is significantly better, null where none is; `comparison` is its answers
    beside those under the declared one. `n_compared` is the number of comparisons for which p-values are corrected
    (Bonferroni): all that the search may make. `untried` are those that time left out. The images are of the
    calibration split and of those that choose; of the evaluation split only where there are no others. `pictures` are
    (caption, file under the declared one, file under the better one), PNG files beside the result.
    """

    trials: tuple[PreprocessingTrial, ...]
    better: int | None = None
    comparison: Comparison | None = None
    labelled: bool
    n_compared: int
    n_calibration: int
    n_selection: int
    n_evaluation: int
    untried: tuple[Preprocess, ...] = ()
    pictures: tuple[tuple[str, str, str], ...] = ()
    seconds: float
    warnings: tuple[Note, ...] = ()

    @property
    def declared(self) -> PreprocessingTrial:
        return self.trials[0]

    @property
    def winner(self) -> PreprocessingTrial | None:
        """The trial that is significantly better than the declared one."""
        return None if self.better is None else self.trials[self.better]

    @property
    def can_tell(self) -> bool:
        """Whether there are images enough for any setting to be significantly better, if it were right on all."""
        return 2.0 ** (1 - self.declared.n_images) * self.n_compared <= SIGNIFICANT

    def corrected_p_value(self, trial: PreprocessingTrial) -> float | None:
        """The p-value of a trial, corrected for all comparisons."""
        return None if trial.p_value is None else min(1.0, trial.p_value * self.n_compared)


def preprocessing_text(preprocess: Preprocess, declared: Preprocess) -> str:
    """What a preprocessing has otherwise than the declared one, as a phrase: BGR, ImageNet, crop 90 %."""
    return ", ".join(preprocessing_changes(preprocess, declared)) or "as declared"


def preprocessing_changes(preprocess: Preprocess, declared: Preprocess) -> tuple[str, ...]:
    """What differs, each as a phrase: the numbers, the order of the channels, the cut, the filter."""
    return (
        *([] if _has_numbers_of(preprocess, declared) else [_numbers_text(preprocess)]),
        *([_order(preprocess)] if _order(preprocess) != _order(declared) else []),
        *([_cut_text(preprocess)] if _cut(preprocess) != _cut(declared) else []),
        *([preprocess.interpolation] if preprocess.interpolation != declared.interpolation else []),
    )


def same_numbers(first: Preprocess, second: Preprocess) -> bool:
    """Whether both make the same numbers of the same pixels, but for rounding."""
    return _order(first) == _order(second) and _affine(first) == _affine(second)


def _affine(preprocess: Preprocess) -> tuple[tuple[float, ...], ...]:
    """Mean and deviation in pixel values, to three digits: sources round the same numbers differently."""
    rows = (preprocess.mean, preprocess.std)
    return tuple(tuple(float(f"{value * preprocess.scale:.3g}") for value in row) for row in rows)


def _has_numbers_of(preprocess: Preprocess, declared: Preprocess) -> bool:
    """Whether scale, mean and deviation are the same, channel by channel or colour by colour."""
    numbers, others = ((one.scale, one.mean, one.std) for one in (preprocess, declared))
    return numbers == others or (declared.scale, declared.mean[::-1], declared.std[::-1]) == numbers


def _numbers_text(preprocess: Preprocess) -> str:
    for title, normalisation in NORMALISATIONS.items():
        if same_numbers(normalisation.applied(preprocess), preprocess):
            return title
    mean, std = (", ".join(f"{value:.4g}" for value in row) for row in (preprocess.mean, preprocess.std))
    return f"divided by {preprocess.scale:g}, mean {mean}, deviation {std}"


def _order(preprocess: Preprocess) -> str:
    return (preprocess.channels or ("gray" if len(preprocess.mean) == 1 else "rgb")).upper()


def _cut(preprocess: Preprocess) -> tuple[str, float]:
    return preprocess.resize, preprocess.crop_pct


def _cut_text(preprocess: Preprocess) -> str:
    crop = f"crop {percent(preprocess.crop_pct, 1).replace('.0 ', ' ')}"
    if preprocess.resize == "crop":
        return crop
    return "squash" if preprocess.crop_pct == 1 else f"squash, {crop}"
