"""What to say of small images and of few, and of memory that is not enough."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from engine.errors import StepError
from engine.results import Note

MIN_MAP = 2
"""Height and width of the last feature map below which a convolution there sees little more than its padding."""
MIN_STEPS = 8
MIN_BATCH = 8
"""Below which batch norm's statistics are noise."""
NOT_ENOUGH = ("not enough memory", "out of memory", "allocate memory")


def too_deep(module: nn.Module, size: tuple[int, int]) -> Note | None:
    """A warning where a timm network leaves less than 2x2 of images of this height and width, which is what its
    `feature_info` says; other modules do not say it."""
    stages = getattr(module, "feature_info", None)
    reduction = stages[-1].get("reduction") if isinstance(stages, list) and stages else None
    if not reduction or min(size) / reduction >= MIN_MAP:
        return None
    height, width = (max(1, edge // reduction) for edge in size)
    return Note(
        code="network_too_deep",
        text=f"The network makes a map of {height}x{width} out of {size[0]}x{size[1]} pixels, a step of "
        f"{reduction}, so its last layers see little but padding. Take images of "
        f"{MIN_MAP * reduction} pixels or more, or a network with a smaller step",
    )


def batch_size(asked: int, n_images: int, processes: int) -> tuple[int, Note | None]:
    """As asked, or smaller, with a note: where an epoch would have less than MIN_STEPS steps, and so that all processes
    have equal parts. Raises StepError where these would be less than two images."""
    size = min(asked, n_images, max(MIN_BATCH, n_images // MIN_STEPS)) // processes * processes
    if size < 2 * processes:
        raise StepError(
            f"steps of {asked} of {n_images} images are too small for {processes} processes",
            "Start fewer processes, or take more images a training step (batch_size)",
        )
    if size == asked:
        return size, None
    few = f"there are only {n_images}, and an epoch needs several steps"
    why = few if size < asked // processes * processes else f"each of {processes} processes takes as many"
    text = f"A step takes {size} images, not {asked}: {why}"
    return size, Note(code="batch_capped", text=text)


@contextmanager
def memory_named(images: int) -> Iterator[None]:
    """Raises StepError in place of torch's errors where a step of so many images does not fit in memory."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one, the CPU's allocator raises the class itself
        if not isinstance(error, torch.OutOfMemoryError) and not any(told in str(error) for told in NOT_ENOUGH):
            raise
        raise StepError(
            f"there is not enough memory for training steps of {images} images",
            "Take fewer images a training step (batch_size), a smaller network or smaller images",
        ) from error
