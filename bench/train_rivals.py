"""The usual training loops: PyTorch's alone, and the same through Hugging Face Accelerate.

Both follow the guides of the two libraries: a Dataset and a DataLoader, AdamW, a cosine schedule with warm-up,
validation after every epoch. They compute in float32, as the project's loop does beside them, on the graphics card
where torch can use one, with batches in pinned memory there.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR
from torch.utils.data import DataLoader, Dataset

from engine.settings import Preprocess
from engine.training.loss_module import device

Batches = DataLoader[tuple[Tensor, int]]
Rival = Callable[[nn.Module, "Images", "Images", int, int, float], float]
"""(network, train images, validation images, epochs, batch size, learning rate) -> top-1 at the end."""


class Images(Dataset[tuple[Tensor, int]]):
    """Decoded images, (N, H, W, C) uint8, normalised one at a time when they are read."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, preprocess: Preprocess) -> None:
        self.pixels, self.labels = pixels, labels
        self.mean = torch.tensor(preprocess.mean).view(-1, 1, 1)
        self.std = torch.tensor(preprocess.std).view(-1, 1, 1)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = torch.from_numpy(self.pixels[index]).permute(2, 0, 1).float() / 255
        return (image - self.mean) / self.std, int(self.labels[index])


def plain(module: nn.Module, train: Images, validation: Images, epochs: int, batch: int, rate: float) -> float:
    """Train with PyTorch alone; returns the top-1 at the end."""
    module = module.to(device())
    optimizer, (batches, validation_batches) = _optimizer(module, rate), _loaders(train, validation, batch)
    schedule = OneCycleLR(optimizer, rate, total_steps=epochs * len(batches))
    return _train(module, optimizer, schedule, batches, validation_batches, epochs, Tensor.backward)


def accelerated(module: nn.Module, train: Images, validation: Images, epochs: int, batch: int, rate: float) -> float:
    """Train the same way with Accelerator.prepare and .backward."""
    from accelerate import Accelerator  # of bench/requirements-train.txt, which the project does not need

    accelerator = Accelerator(cpu=device().type == "cpu")
    module, optimizer, batches, validation_batches = accelerator.prepare(
        module, _optimizer(module, rate), *_loaders(train, validation, batch)
    )
    schedule = accelerator.prepare(OneCycleLR(optimizer, rate, total_steps=epochs * len(batches)))
    return _train(module, optimizer, schedule, batches, validation_batches, epochs, accelerator.backward)


def _optimizer(module: nn.Module, rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=0.05)


def _loaders(train: Images, validation: Images, batch: int) -> tuple[Batches, Batches]:
    pinned = device().type == "cuda"
    batches = DataLoader(train, batch, shuffle=True, drop_last=True, pin_memory=pinned)
    return batches, DataLoader(validation, 256, pin_memory=pinned)


def _train(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    batches: Batches,
    validation_batches: Batches,
    epochs: int,
    backward: Callable[[Tensor], None],
) -> float:
    """Train, and return the top-1 after the last epoch."""
    criterion, top1 = nn.CrossEntropyLoss(label_smoothing=0.1), 0.0
    for _ in range(epochs):
        module.train()
        total = 0.0
        for images, labels in batches:
            optimizer.zero_grad()
            loss = criterion(module(_on_device(images)), _on_device(labels))
            backward(loss)
            optimizer.step()
            schedule.step()
            total += loss.item()
        top1 = _top1(module, validation_batches)
    return top1


def _on_device(tensor: Tensor) -> Tensor:
    """The tensor where the networks are; Accelerate's batches are there already."""
    return tensor.to(device(), non_blocking=True)


@torch.inference_mode()
def _top1(module: nn.Module, batches: Batches) -> float:
    module.eval()
    right = [(module(_on_device(images)).argmax(1) == _on_device(labels)).float().sum() for images, labels in batches]
    return float(sum(right) / len(batches.dataset))  # type: ignore[arg-type]
