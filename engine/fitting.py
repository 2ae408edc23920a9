"""Whether model, images, teacher and target go together: the plan asks before a run, and the run asks again.

Keys of a recipe stand in parentheses: whoever chooses on a page does not see them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.settings import Preprocess
from engine.wording import many

SHOWN_NAME = 40


@dataclass(frozen=True)
class Misfit:
    """Why two things do not go together, and what to do about it; both without a final full stop."""

    message: str
    next: str


def one_output(n_outputs: int | None) -> Misfit | None:
    """A model with one output tells nothing apart."""
    if n_outputs != 1:
        return None
    return Misfit("the model has one output, and the largest of one is always the same: neither accuracy nor agreement "
                  "would say anything", "Choose a model with one output for each class")  # fmt: skip


def head_misfit(n_outputs: int, n_classes: int, *, trainable: bool) -> Misfit:
    """A head that does not fit the classes of the data, and the ways out; only a trainable model gets a new one."""
    way = ("name the classes in the order of the model's outputs (data.classes), or go on without labels "
           "(data.labels)")  # fmt: skip
    train = "Begin every chain with the same fine-tune, which gives the model a new head; or "
    return Misfit(f"the model has {many(n_outputs, 'output')} and the data {many(n_classes, 'class')}",
                  train + way if trainable else way[0].upper() + way[1:])  # fmt: skip


def batch_misfit(batch: int | None, wanted: int) -> Misfit | None:
    """A file whose batch is fixed (None: it is not) to another size than the target's."""
    if batch is None or batch == wanted:
        return None
    return Misfit(f"the file takes {many(batch, 'image')} a call, and the target's batch size is {wanted}",
                  f"Set the batch size to {batch} (target.batch_size), or export the model with a dynamic "
                  "batch")  # fmt: skip


def teacher_outputs(
    name: str, n_outputs: int | None, known: Sequence[str] | None, classes: Sequence[str] | None
) -> Misfit | None:
    """A teacher whose outputs do not mean what the data's `classes` mean (None: no labels); `known` are its own."""
    if n_outputs == 1:
        return Misfit(f"the teacher ({name}) has one output, and its largest is always the same",
                      "Choose a teacher with one output for each class")  # fmt: skip
    if classes is None or n_outputs is None:
        return None
    if n_outputs != len(classes):
        return Misfit(f"the teacher ({name}) tells {many(n_outputs, 'class')} apart and the data {len(classes)}",
                      "Choose a teacher of these classes, or go on without labels (data.labels) to learn from its "
                      "answers alone")  # fmt: skip
    if known is None or tuple(known) == tuple(classes):
        return None
    one, other = next((a, b) for a, b in zip(known, classes, strict=True) if a != b)
    return Misfit(f"the teacher ({name}) calls '{one[:SHOWN_NAME]}' what the data calls '{other[:SHOWN_NAME]}'",
                  "Name the classes in the order of its outputs (data.classes), or go on without labels "
                  "(data.labels)")  # fmt: skip


def teacher_images(name: str, teacher: Preprocess, student: Preprocess) -> Misfit | None:
    """Teacher and student look at the same pixels, each normalised in its own way."""
    given, own = _pixels(teacher), _pixels(student)
    if given == own:
        return None
    return Misfit(f"the teacher ({name}) takes images of {given} and the student of {own}",
                  "Choose a teacher for such images (or set preprocess)")  # fmt: skip


def _pixels(preprocess: Preprocess) -> str:
    height, width = preprocess.size
    turned = " in the order bgr" if preprocess.channels == "bgr" else ""
    return f"{len(preprocess.mean)}x{height}x{width}{turned}"
