"""Images made from a network's own BatchNorm statistics, for calibration where there are no images.

The pixels are optimised until what they cause in every BatchNorm layer has the mean and the deviation that the layer
recorded while the network was trained: Cai et al., "ZeroQ", https://arxiv.org/abs/2001.00281, section 3.1, and Haroush
et al., "The Knowledge Within", https://arxiv.org/abs/1912.01274.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.context import ProgressCallback
from engine.data.preprocess import normalise
from engine.settings import Preprocess

STEPS = 100
LEARNING_RATE = 0.1
"""ZeroQ's, of Adam."""
BATCH = 16
"""Images whose statistics are taken together; fewer have none to speak of."""
MIN_STEPS = 10
"""Images that had fewer are hardly more than the noise that they began as."""


@dataclass(frozen=True)
class StatisticsImages:
    """(N, H, W, C) uint8 in the model's order of channels, and what is left of the noise's distance, 0 to 1."""

    pixels: NDArray[np.uint8]
    distance: float


def make_images(
    module: nn.Module,
    preprocess: Preprocess,
    noise: NDArray[np.uint8],
    deadline: float,
    on_progress: ProgressCallback,
) -> StatisticsImages | None:
    """Images that look to the network's BatchNorm layers like those that it was trained on; None where it has none.

    `module` is in eval mode, and stays as it is but for its parameters, which need no gradients afterwards. `noise` is
    what the images begin as, (N, H, W, C) uint8. None too where the `deadline`, in seconds of time.monotonic(), leaves
    fewer than MIN_STEPS for each batch.
    """
    layers = batch_norms(module)
    if not layers:
        return None
    module.requires_grad_(False)
    n_batches = -(-len(noise) // BATCH)
    batches, ratios = [], []
    began = time.monotonic()
    for number in range(n_batches):
        end = began + (deadline - began) * (number + 1) / n_batches
        start = normalise(noise[number * BATCH : (number + 1) * BATCH], preprocess.model_dump())
        images = _Images(torch.from_numpy(start), preprocess)
        n_steps = images.optimise(module, layers, end)
        if n_steps < MIN_STEPS:
            return None
        batches.append(images.pixels())
        ratios.append(images.distance)
        on_progress((number + 1) / n_batches, f"{min(len(noise), (number + 1) * BATCH)} of {len(noise)} images made")
    return StatisticsImages(np.concatenate(batches), float(np.mean(ratios)))


def batch_norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    """Its BatchNorm layers with recorded statistics; none where they are those of a network that was never trained."""
    found = [one for one in module.modules() if isinstance(one, nn.BatchNorm2d) and one.running_mean is not None]
    return found if any(bool(one.running_mean.any()) for one in found if one.running_mean is not None) else []


class _Images:
    """A batch under way: (n, C, H, W) float32, normalised, within the range of pixels."""

    def __init__(self, start: Tensor, preprocess: Preprocess) -> None:
        mean, std = (torch.tensor(values)[:, None, None] for values in (preprocess.mean, preprocess.std))
        self._mean, self._std, self._scale = mean, std, preprocess.scale
        self._low, self._high = -mean / std, (255 / preprocess.scale - mean) / std
        self._values = start.clone().requires_grad_()
        self.distance = 1.0

    def optimise(self, module: nn.Module, layers: list[nn.BatchNorm2d], end: float) -> int:
        """Optimises the images until STEPS or the `end`, and returns the number of steps."""
        optimizer = torch.optim.Adam([self._values], lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        first = None
        for step in range(STEPS):
            if time.monotonic() > end:
                return step
            with _statistics(layers) as distances:
                module(self._values)
            loss = torch.stack(distances).mean()
            first = first if first is not None else loss.item()
            self.distance = loss.item() / first
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                self._values.copy_(torch.maximum(torch.minimum(self._values, self._high), self._low))
        return STEPS

    def pixels(self) -> NDArray[np.uint8]:
        """(n, H, W, C) uint8."""
        values = (self._values.detach() * self._std + self._mean) * self._scale
        return values.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


@contextmanager
def _statistics(layers: list[nn.BatchNorm2d]) -> Iterator[list[Tensor]]:
    """The squared distances of mean and deviation at each layer, relative to the recorded deviation, within a call."""
    distances: list[Tensor] = []

    def look(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if not isinstance(layer, nn.BatchNorm2d) or layer.running_mean is None or layer.running_var is None:
            raise TypeError("only BatchNorm layers with statistics are looked at")
        values, deviation = inputs[0], (layer.running_var + layer.eps).sqrt()
        shift = (values.mean((0, 2, 3)) - layer.running_mean) / deviation
        spread = (values.var((0, 2, 3), unbiased=False) + layer.eps).sqrt() / deviation - 1
        distances.append((shift.square() + spread.square()).mean())

    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        yield distances
    finally:
        for hook in hooks:
            hook.remove()
