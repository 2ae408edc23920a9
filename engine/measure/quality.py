"""Accuracy against labels, fidelity against the baseline."""

import numpy as np

from engine.measure.statistics import paired_drop, wilson
from engine.results import Accuracy, Fidelity


def accuracy(logits: np.ndarray, labels: np.ndarray) -> Accuracy:
    """Top-1 with its Wilson interval and what guessing gives, and top-5 where there are more than five classes.

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
    )


def fidelity(logits: np.ndarray, baseline: np.ndarray) -> Fidelity:
    """Share of images with the baseline's top-1, and the signal-to-quantization-noise ratio of the logits in dB."""
    agreement = float((logits.argmax(1) == baseline.argmax(1)).mean())
    return Fidelity(agreement=agreement, sqnr_db=sqnr_db(logits, baseline), n_images=len(logits))


def sqnr_db(logits: np.ndarray, baseline: np.ndarray) -> float | None:
    """10 log10(sum of baseline squared / sum of difference squared); None where nothing differs."""
    signal = float((baseline.astype(np.float64) ** 2).sum())
    noise = float(((logits.astype(np.float64) - baseline) ** 2).sum())
    return None if noise == 0 or signal == 0 else float(10 * np.log10(signal / noise))


Drop = tuple[float, float, float]
"""An absolute loss with the ends of its interval."""


def loss(logits: np.ndarray, baseline: np.ndarray, labels: np.ndarray | None) -> Drop:
    """Absolute loss of top-1 against the baseline's logits (N, classes), of agreement where there are no labels."""
    if labels is None:
        same = np.asarray(logits.argmax(1) == baseline.argmax(1))
        return drop(same, np.ones_like(same))
    return drop(correct(logits, labels), correct(baseline, labels))


def correct(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) bool: which images are right."""
    return np.asarray(logits.argmax(1) == labels)


def drop(right: np.ndarray, baseline_right: np.ndarray) -> Drop:
    """Absolute loss against the baseline over the same images, with its paired interval; both are (N,) bool."""
    n_lost = int((baseline_right & ~right).sum())
    n_won = int((right & ~baseline_right).sum())
    low, high = paired_drop(n_lost, n_won, len(right))
    return (n_lost - n_won) / len(right), low, high


def _top5(logits: np.ndarray, labels: np.ndarray) -> float | None:
    if logits.shape[1] <= 5:
        return None
    best = np.argpartition(logits, -5, axis=1)[:, -5:]
    return float((best == labels[:, None]).any(axis=1).mean())
