"""What a model is asked for: a row a task, which says how outputs are chosen, read, compared and judged."""

from engine.settings import TaskName
from engine.tasks.detection import DETECTION
from engine.tasks.inputs import n_examples, resized, scaled
from engine.tasks.reading import scores_length
from engine.tasks.scores import BINARY, CLASSIFICATION, EMBEDDING, MULTILABEL, REGRESSION
from engine.tasks.segmentation import SEGMENTATION
from engine.tasks.task import Answers, Inputs, Outputs, Signature, Task, joined
from engine.tasks.tensors import TENSORS

__all__ = [
    "TASKS",
    "Answers",
    "Inputs",
    "Outputs",
    "Signature",
    "Task",
    "joined",
    "n_examples",
    "recognise",
    "resized",
    "scaled",
    "scores_length",
]

TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        DETECTION,
        BINARY,
        MULTILABEL,
        EMBEDDING,
        REGRESSION,
        CLASSIFICATION,
        SEGMENTATION,
        TENSORS,
    )
}
"""By name, in the order in which a model is asked whether it is one."""


def recognise(signature: Signature) -> Task:
    """The first task that the graph gives away; the last one takes every graph."""
    return next(task for task in TASKS.values() if task.recognises(signature))
