"""Training in several processes at once, where torchrun started them and they have joined; else in this one alone."""

from typing import TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


def rank() -> int:
    """The number of this process, from 0."""
    return distributed.get_rank() if _joined() else 0


def world() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _joined() else 1


def shared(module: nn.Module) -> nn.Module:
    """The module with gradients that are means over all processes; begins with the weights of the first."""
    return DistributedDataParallel(module, find_unused_parameters=True) if _joined() else module


def agreed(value: T) -> T:
    """The first process's value, in all of them."""
    if not _joined():
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def same_buffers(module: nn.Module) -> None:
    """The first process's running statistics, in all of them: each has seen its own share of the images."""
    if _joined():
        with torch.no_grad():
            for buffer in module.buffers():
                distributed.broadcast(buffer, src=0)


def _joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()
