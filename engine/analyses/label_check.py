"""Labels that a model finds likely wrong, within some minutes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analyses.findings import AuditFinding
from engine.analyses.measure_lock import hold_measure_lock
from engine.analyses.scores import scorer
from engine.data import Data, Part
from engine.measure.confidence import probabilities
from engine.measure.label_errors import likely_label_errors
from engine.measure.quality import accuracy
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results import Note, codes
from engine.results.audit import AuditSplit
from engine.wording import many, percent, time_was_up

CHUNK = 256
ORDER: tuple[AuditSplit, ...] = ("evaluation", "selection", "holdout", "calibration", "train")
"""Images that the model was not trained on come first: on its training images it is surer than it should be."""


@dataclass(frozen=True)
class LabelCheck:
    """The likely label errors among `n_checked` images; `reason` says why there was nothing to ask a model."""

    findings: tuple[AuditFinding, ...] = ()
    n_checked: int = 0
    reason: Note | None = None
    warnings: tuple[Note, ...] = ()


def check_labels(
    model: TorchModel | OnnxModel | None,
    data: Data,
    parts: Mapping[AuditSplit, Part],
    minutes: float,
    lock: Path,
    on_label: Callable[[int, int], None],
) -> LabelCheck:
    """The labels that the model finds likely wrong, by their indices in all `parts`; holds the measure lock at times.

    None are looked for where the model cannot know better: without one, without labels, with random weights or outputs
    that are not the classes, or where it is not surely better than guessing.
    """
    reason = _refusal(model, data)
    if model is None or reason is not None:
        return LabelCheck(reason=reason)
    rows = {id: row for row, id in enumerate(id for part in parts.values() for id in part.ids)}
    n_labels, scores, score = len(rows), [], scorer(model)
    ids: list[str] = []
    labels: list[int] = []
    deadline = time.monotonic() + 60 * minutes
    for part in _chunks([parts[name] for name in ORDER if name in parts]):
        if ids and time.monotonic() >= deadline:
            break
        with hold_measure_lock(lock, "audit"):
            scores.append(score(part))
        ids += part.ids
        labels += [] if part.labels is None else part.labels.tolist()
        on_label(len(ids), n_labels)
    return _found(np.concatenate(scores), np.array(labels, np.int64), [rows[id] for id in ids], n_labels, minutes)


def _refusal(model: TorchModel | OnnxModel | None, data: Data) -> Note | None:
    """Why no labels are checked; None where they can be."""
    if not data.labelled:
        return Note(code="unlabelled", text="The images have no labels")
    if model is None:
        return Note(code="no_model", text="No model was given that could judge the labels")
    if model.task != "classification":
        return Note(code="no_classes", text="The model's answers are no classes")
    if isinstance(model, TorchModel) and model.weights_label == "random":
        return Note(code=codes.RANDOM_WEIGHTS, text="The model's weights are random, so it knows nothing of the labels")
    if not data.head_fits(model.n_outputs):
        n_classes = many(len(data.classes or ()), "class")
        text = f"The model has {many(model.n_outputs, 'output')} and the images {n_classes}, so it cannot judge them"
        return Note(code=codes.HEAD_DOES_NOT_FIT, text=text)
    return None


def _chunks(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        for start in range(0, len(part), CHUNK):
            yield part.span(start, min(start + CHUNK, len(part)))


def _found(
    scores: NDArray[np.float32], labels: NDArray[np.int64], rows: Sequence[int], n_labels: int, minutes: float
) -> LabelCheck:
    """The findings, where the model is surely better than guessing; `scores` and `labels` are those of `rows`."""
    right = accuracy(scores, labels)
    if right.better_than_chance != "yes":
        text = (
            f"The model is right on {percent(right.top1)} of {many(len(labels), 'image')}, which is not surely better "
            "than guessing: it cannot judge the labels. Look whether its classes are in the order of its outputs"
        )
        return LabelCheck(n_checked=0, reason=Note(code=codes.NO_BETTER_THAN_CHANCE, text=text))
    wrong, likely, margins = likely_label_errors(probabilities(scores), labels)
    findings = tuple(
        AuditFinding("label", rows[index], figure=float(margin), likely_label=int(name))
        for index, name, margin in zip(wrong, likely, margins, strict=True)
    )
    return LabelCheck(findings, len(labels), warnings=_out_of_time(len(labels), n_labels, minutes))


def _out_of_time(n_checked: int, n_labels: int, minutes: float) -> tuple[Note, ...]:
    if n_checked == n_labels:
        return ()
    text = f"{time_was_up(minutes)} after {n_checked:,} of {many(n_labels, 'label')} were checked"
    return (Note(code=codes.OUT_OF_TIME, text=text),)
