"""Warnings on images that are too small or too few, and an error where memory is not enough."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from engine.errors import StepError, ran_out_of_memory
from engine.results import Note
from engine.wording import many

MIN_MAP = 2
"""Height and width of the last feature map below which a convolution there sees little more than its padding."""
MIN_STEPS = 8
MIN_BATCH = 8
"""Below which batch norm's statistics are noise."""
NOT_ENOUGH = ("not enough memory", "out of memory", "allocate memory")


def too_deep(module: nn.Module, size: tuple[int, int]) -> Note | None:
    """A warning where a network's last feature map of images of this height and width is smaller than 2x2.

    By timm's `feature_info`; None for modules without it.
    """
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


def batch_size(maximum: int, n_images: int, processes: int) -> tuple[int, Note | None]:
    """The batch size, `maximum` or smaller, and a note where it is smaller.

    It is smaller where an epoch would have fewer than MIN_STEPS steps, and a multiple of the number of processes.
    Raises StepError where a process would get fewer than two images.
    """
    size = min(maximum, n_images, max(MIN_BATCH, n_images // MIN_STEPS)) // processes * processes
    if size < 2 * processes:
        raise StepError(
            f"steps of {maximum} of {many(n_images, 'image')} are too small for {many(processes, 'process')}",
            "Start fewer processes, or take more images a training step (batch_size)",
        )
    if size == maximum:
        return size, None
    few = f"there are only {n_images}, and an epoch needs several steps"
    why = few if size < maximum // processes * processes else f"each of {processes} processes takes as many"
    text = f"A step takes {many(size, 'image')}, not {maximum}: {why}"
    return size, Note(code="batch_capped", text=text)


@contextmanager
def memory_errors(images: int) -> Iterator[None]:
    """Raises StepError in place of torch's errors where a step of so many images does not fit in memory."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one, the CPU's allocator raises the class itself
        names_memory = any(message in str(error) for message in NOT_ENOUGH)
        if not (names_memory or ran_out_of_memory(error) or isinstance(error, torch.OutOfMemoryError)):
            raise
        raise StepError(
            f"there is not enough memory for training steps of {many(images, 'image')}",
            "Take fewer images a training step (batch_size), a smaller network or smaller images",
        ) from error
