"""Whether model, images, teacher and target fit together; checked before a run and again by the run.

Messages put the keys of a recipe in parentheses, since a page replaces or drops them.
"""

from collections.abc import Iterable, Sequence

from engine.results import DataPreview, Note, Refusal, codes
from engine.settings import DataSource, FileModel, ImagesData, ModelSource, Preprocess, Recipe, TaskName
from engine.tasks import TASKS
from engine.wording import many

MAX_LETTERS = 40


def unlabelled_task(task: TaskName) -> Refusal:
    """The refusal of labels of classes for a model that is asked for something else."""
    return Refusal(
        message=f"the images have labels of classes, and the model is read as {TASKS[task].title}",
        next="Go on without labels (data.labels), or correct what the model is asked for (model.task)",
    )


def maps_labels(recipe: Recipe) -> bool:
    """Whether the recipe maps labels to outputs by `classes`; labels beyond the outputs are refused with the data."""
    return isinstance(recipe.data, ImagesData) and recipe.data.labelled and recipe.data.classes is not None


def head_misfit(n_outputs: int, n_classes: int, notes: Iterable[Note] = (), *, trainable: bool) -> Refusal:
    """The refusal of a head that does not fit the classes of the data; only a trainable model can get a new one.

    Where most labels name classes of the model, one of the `notes` on the data says which do not, and so does this.
    """
    near = "".join(f". {note.text}" for note in notes if note.code == codes.CLASSES_PARTLY_MATCHED)
    alternative = (
        "name the classes in the order of the model's outputs (data.classes), or go on without labels (data.labels)"
    )
    train = "Begin every chain with the same fine-tune, which gives the model a new head; or "
    return Refusal(
        message=f"the model has {many(n_outputs, 'output')} and the data {many(n_classes, 'class')}{near}",
        next=train + alternative if trainable else alternative[0].upper() + alternative[1:],
    )


def data_misfit(model: ModelSource, data: DataSource, preview: DataPreview) -> Refusal | None:
    """Why labelled data cannot judge a model, by the preview of both; None where it can, or is not labelled.

    A head that fits only the order that the recipe names (data.classes) does, where the model is not trained.
    """
    classes = preview.summary.classes
    if classes is None:
        return None
    if not TASKS[preview.task].classes:
        return unlabelled_task(preview.task)
    trainable = not isinstance(model, FileModel)
    named = isinstance(data, ImagesData) and data.classes is not None
    if preview.head_fits is not False or (named and not trainable):
        return None
    return head_misfit(preview.n_outputs or 0, len(classes), preview.warnings, trainable=trainable)


def batch_misfit(batch: int | None, target_batch: int) -> Refusal | None:
    """The refusal of a file whose fixed `batch` (None: dynamic) is not the target's; None where it fits."""
    if batch is None or batch == target_batch:
        return None
    return Refusal(
        message=f"the file's batch size is fixed to {batch}, and the target's is {target_batch}",
        next=f"Set the batch size to {batch} (target.batch_size), or export the model with a dynamic batch",
    )


def teacher_task(name: str, task: TaskName) -> Refusal | None:
    """The refusal of a teacher that is no classifier of images, whose answers no student can learn; else None."""
    if task == "classification":
        return None
    return Refusal(
        message=f"the teacher ({name}) is read as {TASKS[task].title}, and students learn classes",
        next="Choose a teacher that is an image classifier",
    )


def teacher_outputs(
    name: str, n_outputs: int | None, teacher_classes: Sequence[str] | None, classes: Sequence[str] | None
) -> Refusal | None:
    """The refusal of a teacher whose outputs are not the `classes` of the data (None: no labels), else None."""
    if n_outputs == 1:
        return Refusal(
            message=f"the teacher ({name}) has one output, and its largest is always the same",
            next="Choose a teacher with one output for each class",
        )
    if classes is None or n_outputs is None:
        return None
    if n_outputs != len(classes):
        return Refusal(
            message=f"the teacher ({name}) tells {many(n_outputs, 'class')} apart and the data {len(classes)}",
            next="Choose a teacher of these classes, or go on without labels (data.labels) to learn from its answers "
            "alone",
        )
    if teacher_classes is None or tuple(teacher_classes) == tuple(classes):
        return None
    teacher_class, data_class = next((a, b) for a, b in zip(teacher_classes, classes, strict=True) if a != b)
    return Refusal(
        message=f"the teacher ({name}) calls '{teacher_class[:MAX_LETTERS]}' what the data calls "
        f"'{data_class[:MAX_LETTERS]}'",
        next="Name the classes in the order of its outputs (data.classes), or go on without labels (data.labels)",
    )


def teacher_images(name: str, teacher: Preprocess, student: Preprocess) -> Refusal | None:
    """The refusal of a teacher for other images than the student's; only their normalisation may differ."""
    teacher_pixels, student_pixels = _pixels(teacher), _pixels(student)
    if teacher_pixels == student_pixels:
        return None
    return Refusal(
        message=f"the teacher ({name}) takes images of {teacher_pixels} and the student of {student_pixels}",
        next="Choose a teacher for such images (or set preprocess)",
    )


def _pixels(preprocess: Preprocess) -> str:
    height, width = preprocess.size
    order = " in the order bgr" if preprocess.channels == "bgr" else ""
    return f"{len(preprocess.mean)}x{height}x{width}{order}"
