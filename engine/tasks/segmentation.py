"""A class for every pixel."""

import numpy as np
from numpy.typing import NDArray

from engine.results import TensorSpec
from engine.tasks.reading import SAMPLED, as_rows, is_float, sampled_positions
from engine.tasks.task import Answers, Outputs, Signature, Task

COARSEST = 8
"""A map has at least one pixel for so many of the image's in each direction; features are coarser."""


def _maps(signature: Signature) -> tuple[str, ...]:
    """The outputs that give a class or scores of classes for every pixel, the first of them alone."""
    names = [output.name for output in signature.outputs if _is_map(output, signature.image)]
    return tuple(names[:1])


def _is_map(output: TensorSpec, image: tuple[int | None, int | None] | None) -> bool:
    if image is None or not output.batched:
        return False
    if is_float(output):
        if len(output.shape) != 3 or output.shape[0] == 1:
            return False
        is_an_image = output.shape[0] == 3 and output.shape[1:] == image  # as of style transfer
        return not is_an_image and _as_fine_as(output.shape[1:], image)
    is_one_map = len(output.shape) == 2 or (len(output.shape) == 3 and output.shape[0] == 1)
    return is_one_map and output.dtype != "bool" and _as_fine_as(output.shape[-2:], image)


def _as_fine_as(edges: tuple[int | str, ...], image: tuple[int | None, int | None]) -> bool:
    """Whether a map of these edges may be one of an image of this size; what is dynamic may."""
    return all(
        not isinstance(edge, int) or full is None or (edge > 1 and edge <= full <= COARSEST * edge)
        for edge, full in zip(edges, image, strict=True)
    )


def _read(outputs: Outputs, n: int) -> Answers:
    """(n, classes, pixels) of scores, (n, 1, pixels) of classes: as many pixels as SAMPLED allows."""
    ((name, values),) = outputs.items()
    has_scores = np.issubdtype(values.dtype, np.floating) and values.ndim == 4
    n_classes = values.shape[1] if has_scores else 1
    rows = as_rows(values, n).reshape(n, n_classes, -1)
    return Answers({name: rows[:, :, sampled_positions(rows.shape[2], max(1, SAMPLED // n_classes))]})


def _same_pixels(answers: Answers, baseline: Answers) -> NDArray[np.float64]:
    """The share of an image's pixels with the baseline's class."""
    ours, theirs = (_pixel_classes(one.main) for one in (answers, baseline))
    return np.asarray((ours == theirs).mean(axis=1))


def _pixel_classes(maps: NDArray[np.float32]) -> NDArray[np.generic]:
    return maps.argmax(1) if maps.shape[1] > 1 else maps[:, 0]


SEGMENTATION = Task(
    name="segmentation",
    title="a segmenter",
    measure="pixel agreement",
    classes=False,
    one_output=False,
    recognises=lambda signature: bool(_maps(signature)),
    outputs=_maps,
    read=_read,
    similarity=_same_pixels,
)
