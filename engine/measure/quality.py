"""Accuracy against labels, fidelity against the baseline."""

import numpy as np

from engine.measure.confidence import mean_confidence
from engine.measure.statistics import (
    mcnemar,
    mean_interval,
    needed_images,
    paired_drop,
    smallest_drop,
    wilson,
    z_for_many,
)
from engine.results import Accuracy, ClassLoss, Comparison, Fidelity, OutputFidelity, Selection
from engine.settings import TaskName
from engine.tasks import TASKS, Answers

HALF_A_POINT = 0.005


def accuracy(logits: np.ndarray, labels: np.ndarray) -> Accuracy:
    """Top-1 with its Wilson interval, what guessing gives, the mean confidence, and top-5 of more than five classes.

    `logits` (N, classes), `labels` (N,) int.
    """
    n_correct, n_commonest = int(correct(logits, labels).sum()), int(np.bincount(labels).max())
    low, high = wilson(n_correct, len(labels))
    return Accuracy(
        top1=n_correct / len(labels),
        top5=_top5(logits, labels),
        n_images=len(labels),
        low=low,
        high=high,
        chance=n_commonest / len(labels),
        confidence=mean_confidence(logits),
    )


def fidelity(task: TaskName, answers: Answers, baseline: Answers) -> Fidelity:
    """How close the answers are to the baseline's, in the sense of the task, and the SQNR of the outputs in dB."""
    row = TASKS[task]
    similarity = float(row.similarity(answers, baseline).mean())
    outputs = tuple(
        OutputFidelity(name=name, sqnr_db=sqnr_db(values, baseline.outputs[name]))
        for name, values in answers.outputs.items()
    )
    return Fidelity(
        agreement=similarity if row.agrees else None,
        measure=row.measure,
        similarity=similarity,
        sqnr_db=min((one.sqnr_db for one in outputs if one.sqnr_db is not None), default=None),
        n_images=len(answers),
        outputs=outputs if len(outputs) > 1 else (),
    )


def agreement(logits: np.ndarray, reference: np.ndarray) -> float:
    """The share of images for which two classifiers have the same class; both are (N, classes)."""
    return float((logits.argmax(1) == reference.argmax(1)).mean())


def sqnr_db(values: np.ndarray, baseline: np.ndarray) -> float | None:
    """10 log10(sum of baseline squared / sum of difference squared); None where nothing differs."""
    signal = float((baseline.astype(np.float64) ** 2).sum())
    noise = float(((values.astype(np.float64) - baseline) ** 2).sum())
    return None if noise == 0 or signal == 0 else float(10 * np.log10(signal / noise))


def compare(task: TaskName, answers: Answers, baseline: Answers, labels: np.ndarray | None) -> Comparison:
    """A variant's answers beside the baseline's on the same examples; `labels` (N,) int or None."""
    similarity = TASKS[task].similarity(answers, baseline)
    if not TASKS[task].classes:
        return _mean_loss(1 - similarity)
    n_changed = int((similarity < 1).sum())
    if labels is None:
        return _comparison(n_changed, 0, len(answers), n_changed, labelled=False)
    right, baseline_right = correct(answers.main, labels), correct(baseline.main, labels)
    return _comparison(*_lost_and_won(right, baseline_right), len(answers), n_changed, labelled=True)


def _mean_loss(losses: np.ndarray) -> Comparison:
    """The mean loss (N,) of similarity with its 95 % interval, that of a mean of losses that are not all alike.

    It is Student's, and not below 0 where no loss is.
    """
    interval = mean_interval(losses)
    return Comparison(
        drop=interval.center,
        low=max(interval.low, float(losses.min())),
        high=interval.high,
        n_images=len(losses),
        n_changed=None,
        n_worse=None,
        n_better=None,
        p_value=None,
        smallest_drop=None,
        n_for_half_a_point=None,
    )


def _comparison(n_worse: int, n_better: int, n: int, n_changed: int, *, labelled: bool) -> Comparison:
    low, high = paired_drop(n_worse, n_better, n)
    rate = (n_worse + n_better + 1) / (n + 2)  # so that no disagreement is no proof of none
    return Comparison(
        drop=(n_worse - n_better) / n,
        low=low,
        high=high,
        n_images=n,
        n_changed=n_changed,
        n_worse=n_worse,
        n_better=n_better,
        p_value=mcnemar(n_worse, n_better) if labelled else None,
        smallest_drop=smallest_drop(rate, n) if labelled else None,
        n_for_half_a_point=needed_images(rate, HALF_A_POINT) if labelled else None,
    )


def class_loss(answers: Answers, baseline: Answers, labels: np.ndarray | None) -> ClassLoss | None:
    """The largest loss of top-1 of any class that has images; None without labels (N,)."""
    if labels is None:
        return None
    right, baseline_right = correct(answers.main, labels), correct(baseline.main, labels)
    classes, n_images = np.unique(labels, return_counts=True)
    z = z_for_many(len(classes))
    losses = []
    for index, n in zip(classes, n_images, strict=True):
        n_lost, n_won = _lost_and_won(right[labels == index], baseline_right[labels == index])
        losses.append(((n_lost - n_won) / n, int(n), int(index), paired_drop(n_lost, n_won, int(n), z)))
    worst, n, index, _ = max(losses, key=lambda one: one[:2])
    return ClassLoss(
        index=index,
        drop=float(worst),
        low=max(interval[0] for *_, interval in losses),
        high=max(interval[1] for *_, interval in losses),
        n_images=n,
        n_classes=len(losses),
    )


def on_selection(task: TaskName, answers: Answers, baseline: Answers, labels: np.ndarray | None) -> Selection:
    """What a variant shows on the images that choose; `labels` (N,) int or None."""
    return Selection(
        comparison=compare(task, answers, baseline, labels),
        fidelity=fidelity(task, answers, baseline),
        accuracy=accuracy(answers.main, labels) if labels is not None else None,
        class_loss=class_loss(answers, baseline, labels),
    )


def correct(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) bool: which images are right."""
    return np.asarray(logits.argmax(1) == labels)


def _lost_and_won(right: np.ndarray, baseline_right: np.ndarray) -> tuple[int, int]:
    """How many images only the baseline has right, and how many only the variant; both are (N,) bool."""
    return int((baseline_right & ~right).sum()), int((right & ~baseline_right).sum())


def _top5(logits: np.ndarray, labels: np.ndarray) -> float | None:
    if logits.shape[1] <= 5:
        return None
    best = np.argpartition(logits, -5, axis=1)[:, -5:]
    return float((best == labels[:, None]).any(axis=1).mean())
