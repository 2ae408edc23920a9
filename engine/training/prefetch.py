"""Batches for a card, each made while the card computes the one before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from engine.training.batches import Batch
from engine.training.loss_module import device


def prefetched(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches in the same order; on a card from a thread of their own and in pinned memory, one ahead.

    Views seed torch's generator of the CPU for a moment. On a card nothing else draws from it during a step: dropout
    has the card's generator, mixup numpy's. On the CPU a thread would take a core from the computation.
    """
    if device().type != "cuda":
        yield from batches
        return
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        coming = pool.submit(_next_pinned, batches)
        while (batch := coming.result()) is not None:
            coming = pool.submit(_next_pinned, batches)
            yield batch


def _next_pinned(batches: Iterator[Batch]) -> Batch | None:
    """The next batch with its images in pinned memory, which a card copies without waiting; None after the last."""
    batch = next(batches, None)
    return None if batch is None else replace(batch, images=batch.images.pin_memory())
