"""Tries preprocessings on the same images, coarse to fine, and keeps to what makes answers significantly better."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analyses.preprocessing_grid import crops, interpolations, normalisations
from engine.data import Part
from engine.measure.confidence import cross_entropy, mean_confidence, mean_entropy
from engine.measure.statistics import mcnemar, wilson
from engine.models.artifacts import OnnxModel
from engine.results import SIGNIFICANT, PreprocessingTrial, preprocessing_changes
from engine.results.preprocessing import Stage
from engine.runtimes.protocol import Session
from engine.settings import Preprocess
from engine.tasks import resized

MOST_IMAGES, FEWEST_IMAGES = 300, 32
"""At most so many images are looked at, and of a slow model at least so many."""
SCREEN_IMAGES = 96
"""In every stage, so many are looked at first."""
FINALISTS = 3
"""So many settings of a stage are then looked at on all."""
BATCH = 32

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """The scores (N, classes) under one preprocessing; `right` (N,) says which are, None without labels.

    An answer with a score that is not finite is wrong.
    """

    scores: Scores
    labels: NDArray[np.int64] | None

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.scores).all(axis=1))

    @cached_property
    def right(self) -> NDArray[np.bool_] | None:
        if self.labels is None:
            return None
        return np.asarray((self.scores.argmax(axis=1) == self.labels) & self.finite)

    @property
    def rank(self) -> tuple[float, float]:
        """The larger the better: top-1 and, among equals, the smaller cross-entropy."""
        if self.right is None or self.labels is None or not self.finite.all():
            return 0.0, -np.inf
        return float(self.right.mean()), -cross_entropy(self.scores, self.labels)


@dataclass
class Searcher:
    """Looks at preprocessings of one model on one part, which has been decoded once as declared.

    `lock` gives the lock under which to compute; `seconds` are those of work, and nothing is begun once they are up.
    """

    session: Session
    model: OnnxModel
    part: Part
    labels: NDArray[np.int64] | None
    work: Path
    seconds: float
    lock: Callable[[], AbstractContextManager[None]]
    on_trial: Callable[[float, Preprocess], None]
    elapsed: float = 0.0
    """Seconds of work so far."""
    trials: list[PreprocessingTrial] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    """Those of the trials, in the same order."""
    untried: list[Preprocess] = field(default_factory=list)

    @cached_property
    def candidates(self) -> tuple[Preprocess, ...]:
        """Other numbers for the pixels that are declared."""
        return normalisations(self.part.preprocess, takes_bytes=self.model.input_kind == "uint8")

    @cached_property
    def n_compared(self) -> int:
        """How many comparisons the search may make."""
        declared = self.part.preprocess
        return len(self.candidates) + len(crops(declared)) + len(interpolations(declared))

    def search(self) -> int:
        """The index of the trial to go on with: 0, the declared one, unless another is significantly better.

        In every stage each trial is compared with what the stages before have settled on, so that no change stays that
        another one explains. Corrected for all comparisons together, the chance of any change that makes
        nothing better is at most SIGNIFICANT.
        """
        self._try(self.part.preprocess, "declared", None, self._n_images())
        current = 0
        if self.labels is None:
            self._all(self.candidates, "normalisation", current, len(self.answers[0].scores))
            return current
        current = self._best(self._screened(self.candidates, "normalisation", current), current)
        current = self._best(self._screened(crops(self.trials[current].preprocess), "crop", current), current)
        filters = interpolations(self.trials[current].preprocess)
        return self._best(self._screened(filters, "interpolation", current), current)

    def _n_images(self) -> int:
        """How many images the seconds allow for the declared numbers and all others, by the time of a batch."""
        most = min(MOST_IMAGES, len(self.part))
        first = self._part(self.part.preprocess, 0, min(BATCH, most))
        self._scores(first)  # the first call of a session is slow
        before = self.elapsed
        self._scores(first)
        seconds_an_image = max((self.elapsed - before) / len(first), 1e-9)
        share_of_screen = len(self.candidates) * SCREEN_IMAGES / MOST_IMAGES
        affordable = self.seconds / (seconds_an_image * (1 + share_of_screen + FINALISTS))
        return min(most, max(FEWEST_IMAGES, int(affordable)))

    def _screened(self, settings: Sequence[Preprocess], stage: Stage, current: int) -> list[int]:
        """Tries the settings on the first images, and the best of them on all; the indices of these."""
        n_images = len(self.answers[current].scores)
        n_screen = min(SCREEN_IMAGES, n_images)
        screened = self._all(settings, stage, current, n_screen)
        first = self._first(current, n_screen)
        promising = [index for index in screened if self.answers[index].rank > first.rank]
        best = sorted(promising, key=lambda index: self.answers[index].rank, reverse=True)[:FINALISTS]
        if n_screen < n_images:
            for index in best:
                self._complete(index, current)
        return best

    def _all(self, settings: Sequence[Preprocess], stage: Stage, current: int, n_images: int) -> list[int]:
        """Tries the settings on the first images until the time is up; the indices of the trials."""
        begin = len(self.trials)
        for number, preprocess in enumerate(settings):
            if self.elapsed >= self.seconds:
                self.untried += settings[number:]
                break
            self._try(preprocess, stage, current, n_images)
        return list(range(begin, len(self.trials)))

    def _best(self, indices: Iterable[int], current: int) -> int:
        """The best of the trials that are significantly better than the current one, else that one.

        Of those that cannot be told from the best, those with the fewest changes come first.
        """
        significant = [index for index in indices if self._is_better(self.trials[index])]
        if not significant:
            return current
        best = self.answers[max(significant, key=lambda index: self.answers[index].rank)]
        equal = [index for index in significant if _p_value(best, self.answers[index]) > SIGNIFICANT]
        return max(equal, key=lambda index: (-self._n_changes(index, current), self.answers[index].rank))

    def _n_changes(self, index: int, current: int) -> int:
        return len(preprocessing_changes(self.trials[index].preprocess, self.trials[current].preprocess))

    def _is_better(self, trial: PreprocessingTrial) -> bool:
        if trial.p_value is None or trial.n_better is None or trial.n_worse is None:
            return False
        is_whole = trial.n_images == self.trials[0].n_images
        return is_whole and trial.n_better > trial.n_worse and trial.p_value * self.n_compared <= SIGNIFICANT

    def _try(self, preprocess: Preprocess, stage: Stage, current: int | None, n_images: int) -> None:
        self.on_trial(len(self.trials) / (1 + self.n_compared), preprocess)
        scores = self._scores(self._part(preprocess, 0, n_images))
        self.answers.append(Answers(scores, None if self.labels is None else self.labels[:n_images]))
        self.trials.append(self._trial(preprocess, stage, self.answers[-1], current))

    def _complete(self, index: int, current: int) -> None:
        """Looks at the images that a trial has not been looked at on, unless the time is up."""
        trial, before = self.trials[index], self.answers[index]
        if self.elapsed >= self.seconds:
            return
        rest = self._part(trial.preprocess, len(before.scores), len(self.answers[current].scores))
        scores = np.concatenate([before.scores, self._scores(rest)])
        self.answers[index] = Answers(scores, self.answers[current].labels)
        self.trials[index] = self._trial(trial.preprocess, trial.stage, self.answers[index], current)

    def _first(self, index: int, n_images: int) -> Answers:
        """The first answers of a trial."""
        answers = self.answers[index]
        return Answers(answers.scores[:n_images], None if answers.labels is None else answers.labels[:n_images])

    def _trial(self, preprocess: Preprocess, stage: Stage, answers: Answers, current: int | None) -> PreprocessingTrial:
        n_images, finite = len(answers.scores), answers.scores[answers.finite]
        has_any = len(finite) > 0
        trial = PreprocessingTrial(
            preprocess=preprocess,
            stage=stage,
            n_images=n_images,
            confidence=mean_confidence(finite) if has_any else None,
            entropy=mean_entropy(finite) if has_any else None,
            n_answers=len(np.unique(finite.argmax(axis=1))) if has_any else None,
        )
        if answers.right is None:
            return trial
        n_right = int(answers.right.sum())
        low, high = wilson(n_right, n_images)
        trial = trial.model_copy(update={"top1": n_right / n_images, "low": low, "high": high})
        if current is None:
            return trial
        n_better, n_worse = _won_and_lost(answers, self._first(current, n_images))
        comparison = {"n_better": n_better, "n_worse": n_worse, "p_value": mcnemar(n_better, n_worse)}
        return trial.model_copy(update={"reference": current, **comparison})

    def _part(self, preprocess: Preprocess, start: int, stop: int) -> Part:
        """The images under a preprocessing; those that it cuts as declared come from the pixels that are decoded."""
        declared = self._declared_pixels
        if _geometry(preprocess) != _geometry(declared.preprocess) or declared.array is None:
            return replace(self.part, preprocess=preprocess).span(start, stop)
        pixels = declared.array if _is_bgr(preprocess) == _is_bgr(declared.preprocess) else declared.array[..., ::-1]
        return replace(declared, preprocess=preprocess, array=pixels).span(start, stop)

    @cached_property
    def _declared_pixels(self) -> Part:
        with self.lock():
            return self.part.span(0, min(MOST_IMAGES, len(self.part))).cached(self.work)

    def _scores(self, part: Part) -> Scores:
        """(N, classes): the main output on every image of the part."""
        rows = []
        with self.lock():
            began = time.monotonic()
            for images in part.batches(self.model.batch or BATCH):
                n_called = self.model.batch or len(images)
                answers = self.model.read(self.session(resized(images, n_called)), n_called)
                rows.append(answers.first(len(images)).main)
            self.elapsed += time.monotonic() - began
        return np.concatenate(rows)


def _won_and_lost(answers: Answers, reference: Answers) -> tuple[int, int]:
    """How many images are right in the first alone, and how many in the reference alone; none without labels."""
    if answers.right is None or reference.right is None:
        return 0, 0
    return int((answers.right & ~reference.right).sum()), int((reference.right & ~answers.right).sum())


def _p_value(answers: Answers, reference: Answers) -> float:
    return mcnemar(*_won_and_lost(answers, reference))


def _geometry(preprocess: Preprocess) -> tuple[object, ...]:
    return preprocess.size, preprocess.resize, preprocess.crop_pct, preprocess.interpolation


def _is_bgr(preprocess: Preprocess) -> bool:
    return preprocess.channels == "bgr"
