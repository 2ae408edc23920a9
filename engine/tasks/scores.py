"""Tasks whose answer is one list of scores an example: classes, labels, one number, an embedding."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.tasks.reading import read_scores, score_outputs, scores_length
from engine.tasks.task import Answers, Outputs, Signature, Task

THRESHOLD = 0.5
"""A probability above it says yes."""
_EMBEDDING_NAMES = ("embed", "feature", "pooler", "pooled", "descriptor")
_NORMALISERS = frozenset({"LpNormalization"})


def _lists(signature: Signature) -> tuple[str, ...]:
    """Outputs with more than one score an example, or a number of scores that only a call tells."""
    return tuple(output.name for output in score_outputs(signature.outputs) if scores_length(output) != 1)


def _single(signature: Signature) -> tuple[str, ...]:
    return tuple(output.name for output in score_outputs(signature.outputs) if scores_length(output) == 1)


def _tells_classes(signature: Signature) -> bool:
    """Whether an output has a list of scores, of a length that is known where the model takes no images."""
    return any(
        signature.image is not None or isinstance(scores_length(output), int)
        for output in score_outputs(signature.outputs)
        if scores_length(output) != 1
    )


def _all_from(signature: Signature, names: tuple[str, ...], operator: str) -> bool:
    return bool(names) and all(signature.last_operators.get(name) == operator for name in names)


def _is_embedding(signature: Signature) -> bool:
    names = _lists(signature)
    return bool(names) and all(
        any(word in name.lower() for word in _EMBEDDING_NAMES) or signature.last_operators.get(name) in _NORMALISERS
        for name in names
    )


def _same_class(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    return np.asarray(answers.main.argmax(1) == baseline.main.argmax(1), np.float64)


def _same_labels(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    """The share of an example's labels on the same side of THRESHOLD."""
    return np.asarray(((answers.main > THRESHOLD) == (baseline.main > THRESHOLD)).mean(axis=1))


def _cosine(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    """The cosine of the angle between an example's two vectors; 1 where both are zero, 0 where one is."""
    ours, theirs = answers.main.astype(np.float64), baseline.main.astype(np.float64)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosine = np.divide((ours * theirs).sum(1), lengths, out=np.zeros(len(ours)), where=lengths > 0)
    return np.where((lengths == 0) & (ours == theirs).all(1), 1.0, np.minimum(cosine, 1.0))


def _explained(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    """1 minus the squared error by the variance of the baseline's number over the examples.

    The mean over the examples is the coefficient of determination. Where the baseline's number never changes, its
    square takes the variance's place.
    """
    reference = baseline.main.astype(np.float64)
    variance = reference.var(axis=0)
    scale = np.where(variance > 0, variance, np.maximum((reference**2).mean(axis=0), np.finfo(np.float32).tiny))
    return np.asarray(1 - (((answers.main - reference) ** 2) / scale).mean(axis=1))


def _read_two_classes(outputs: Outputs, n: int) -> Answers:
    """(n, 2): the scores of no and yes, of one probability of yes. Raises RunError where there is more than one."""
    ((name, values),) = read_scores(outputs, n).outputs.items()
    if values.shape[1] != 1:
        raise RunError(
            f"the output '{name}' has {values.shape[1]} values an example, and yes or no takes one",
            "Choose another task (model.task)",
        )
    return Answers({name: np.concatenate([1 - values, values], axis=1)})


CLASSIFICATION = Task(
    name="classification",
    title="a classifier",
    measure="agreement",
    classes=True,
    one_output=True,
    recognises=_tells_classes,
    outputs=_lists,
    read=read_scores,
    similarity=_same_class,
)
MULTILABEL = Task(
    name="multilabel",
    title="a model of several labels an example",
    measure="label agreement",
    classes=False,
    one_output=True,
    recognises=lambda signature: _all_from(signature, _lists(signature), "Sigmoid"),
    outputs=_lists,
    read=read_scores,
    similarity=_same_labels,
)
BINARY = Task(
    name="binary",
    title="a classifier of yes and no",
    measure="agreement",
    classes=True,
    one_output=True,
    recognises=lambda signature: not _lists(signature) and _all_from(signature, _single(signature), "Sigmoid"),
    outputs=_single,
    read=_read_two_classes,
    similarity=_same_class,
)
REGRESSION = Task(
    name="regression",
    title="a regression",
    measure="explained variance",
    classes=False,
    one_output=True,
    recognises=lambda signature: not _lists(signature) and bool(_single(signature)),
    outputs=lambda signature: _single(signature) or _lists(signature),
    read=read_scores,
    similarity=_explained,
)
EMBEDDING = Task(
    name="embedding",
    title="an embedding",
    measure="cosine similarity",
    classes=False,
    one_output=True,
    recognises=_is_embedding,
    outputs=_lists,
    read=read_scores,
    similarity=_cosine,
)
