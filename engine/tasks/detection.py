"""Boxes with a class and a score: three outputs by name, rows of six, or the raw head of a YOLO."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.results import TensorSpec
from engine.tasks.boxes import SCORE, best_boxes, f1, non_maximum_suppression
from engine.tasks.reading import is_float, read_sampled
from engine.tasks.task import Answers, Outputs, Signature, Task

STRIDES, BOXES_A_CELL = (8, 16, 32), (1, 3)
"""A YOLO has one or three boxes for each cell of grids as fine as these, in px, and so many rows in its raw head."""
ROW = 6
"""x1, y1, x2, y2, score, class."""
MOST_ROWS = 1000
Array = NDArray[np.float32]


def _by_name(signature: Signature) -> tuple[str, ...]:
    """The outputs of boxes, scores and classes, in this order, where their names say so."""
    names = [output.name for output in signature.outputs]
    found = [
        next((name for name in names if any(word in name.lower() for word in words)), None)
        for words in (("box",), ("score", "conf"), ("label", "class", "cls"))
    ]
    complete = tuple(name for name in found if name is not None)
    return complete if len(set(complete)) == len(found) else ()


def _heads(signature: Signature) -> tuple[str, ...]:
    """The first output of rows of six, or with the form of a YOLO's raw head."""
    if signature.image is None:
        return ()
    names = [output.name for output in signature.outputs if _is_rows(output) or _is_head(output, signature.image)]
    return tuple(names[:1])


def _is_rows(output: TensorSpec) -> bool:
    if not is_float(output) or len(output.shape) != 2 or output.shape[1] != ROW:
        return False
    return isinstance(output.shape[0], str) or 10 <= output.shape[0] <= MOST_ROWS


def _is_head(output: TensorSpec, image: tuple[int | None, int | None]) -> bool:
    height, width = image
    lengths = [length for length in output.shape if isinstance(length, int)]
    if not is_float(output) or len(output.shape) != 2 or len(lengths) != 2 or height is None or width is None:
        return False
    n_cells = sum((height // stride) * (width // stride) for stride in STRIDES)
    return max(lengths) in [n_cells * boxes for boxes in BOXES_A_CELL] and min(lengths) > 4


def _outputs(signature: Signature) -> tuple[str, ...]:
    return _by_name(signature) or _heads(signature)


def _read(outputs: Outputs, n: int) -> Answers:
    """Detections (n, MOST_BOXES, 6) and the outputs that they come from."""
    arrays = [np.asarray(values, np.float32) for values in outputs.values()]
    if len(arrays) == 1:
        decoded = _decoded(arrays[0], n)
        return Answers(read_sampled(outputs, n).outputs, decoded)
    boxes, scores, classes = (_batched(values, n, rank) for values, rank in zip(arrays, (3, 2, 2), strict=True))
    if scores.ndim == 3:  # (n, boxes, classes): the scores of every class
        classes, scores = scores.argmax(2).astype(np.float32), scores.max(2)
    detections = np.concatenate([boxes, scores[..., None], classes[..., None]], axis=2)
    best = np.stack([best_boxes(rows) for rows in detections])
    # Their number may change from image to image: the best ones, in order, are what can be compared.
    return Answers({"detections": best.reshape(n, -1)}, best)


def _batched(values: Array, n: int, rank: int) -> Array:
    """The output with an axis of images. Raises RunError where it has none and there are several images."""
    if values.ndim < rank and n == 1:
        values = values[None]
    if values.ndim < rank or values.shape[0] != n:
        raise RunError(
            f"the model answers {n} images with an output of shape {list(values.shape)}, so they cannot be told apart",
            "Set the batch size to 1 (target.batch_size)",
        )
    return values


def _decoded(values: Array, n: int) -> Array:
    """Detections (n, MOST_BOXES, 6) of rows of six, or of a raw head after non-maximum suppression."""
    batch = _batched(values, n, 3)
    if batch.shape[2] == ROW and batch.shape[1] <= MOST_ROWS:
        return np.stack([best_boxes(rows) for rows in batch])
    # Ultralytics' newer heads are (values, boxes), its older ones (boxes, values) with a score of the box itself.
    newer = batch.shape[1] < batch.shape[2]
    return np.stack([_from_head(rows.T if newer else rows, has_objectness=not newer) for rows in batch])


def _from_head(rows: Array, *, has_objectness: bool) -> Array:
    """(boxes, 4 + classes), or (boxes, 5 + classes) with the box's own score: centre, width and height in px."""
    first = 5 if has_objectness else 4
    scores = rows[:, first:].max(1) * (rows[:, 4] if has_objectness else 1.0)
    likely = scores >= SCORE
    centres, sizes = rows[likely, :2], rows[likely, 2:4]
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    classes = rows[likely, first:].argmax(1)[:, None]
    return non_maximum_suppression(np.concatenate([corners, scores[likely, None], classes], axis=1))


def _similarity(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    if answers.decoded is None or baseline.decoded is None:
        raise ValueError("these are no answers of a detector")
    return np.array([f1(ours, theirs) for ours, theirs in zip(answers.decoded, baseline.decoded, strict=True)])


DETECTION = Task(
    name="detection",
    title="a detector",
    measure="detection F1",
    classes=False,
    one_output=False,
    recognises=lambda signature: bool(_outputs(signature)),
    outputs=_outputs,
    read=_read,
    similarity=_similarity,
)
