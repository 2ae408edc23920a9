"""Training in several processes, where torchrun started them and they joined; else in this one alone."""

from typing import TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


def rank() -> int:
    """The number of this process, from 0."""
    return distributed.get_rank() if _is_joined() else 0


def world_size() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _is_joined() else 1


def data_parallel(module: nn.Module) -> nn.Module:
    """The module with gradients averaged over all processes; it starts with the weights of the first."""
    return DistributedDataParallel(module, find_unused_parameters=True) if _is_joined() else module


def broadcast(value: T) -> T:
    """The first process's value, in all of them."""
    if not _is_joined():
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def sync_buffers(module: nn.Module) -> None:
    """Copies the first process's running statistics to all others: each has its own part of every batch."""
    if _is_joined():
        with torch.no_grad():
            for buffer in module.buffers():
                distributed.broadcast(buffer, src=0)


def _is_joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()
