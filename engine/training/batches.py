"""Shuffled, augmented training batches out of decoded pixels."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from engine.data.preprocess import normalise
from engine.settings import Preprocess
from engine.settings.training import Training
from engine.training import distributed as processes

Pixels = NDArray[np.uint8]
Rows = NDArray[np.int64]
PLAIN = 0
"""The number of the view in which the images are as they were."""
POLICIES: Mapping[str, Callable[[], v2.Transform]] = {
    "trivial_augment": v2.TrivialAugmentWide,
    "rand_augment": v2.RandAugment,
}


class Views:
    """Views of decoded images, (N, H, W, C) uint8: as they are, or shifted, mirrored, cropped and recoloured.

    A view of an image depends on the seed, the number of the view and the image alone, so that teacher and student get
    the same pixels, and so do all processes and a training that goes on from a checkpoint.
    """

    def __init__(self, pixels: Pixels, settings: Training, seed: int) -> None:
        self.pixels = pixels
        self._flip, self._seed = settings.flip, seed
        self._max_shift = [round(edge * settings.shift) for edge in pixels.shape[1:3]]
        self._transform = _transform(settings, pixels.shape[1:3])

    def of(self, rows: Rows, view: int) -> Pixels:
        """(B, H, W, C) of these images; what a shift uncovers repeats the edge."""
        if view == PLAIN:
            return np.asarray(self.pixels[rows])
        moves = np.random.default_rng((self._seed, view)).random((len(self.pixels), 3))[rows]
        images = torch.from_numpy(self._shifted(rows, moves)).permute(0, 3, 1, 2)
        if self._flip:
            mirrored = torch.from_numpy(moves[:, 2] < 0.5)
            images[mirrored] = functional.horizontal_flip(images[mirrored])
        if self._transform is not None:
            self._apply(self._transform, images, rows, view)
        pixels: Pixels = images.permute(0, 2, 3, 1).numpy()
        return pixels

    def _shifted(self, rows: Rows, moves: NDArray[np.float64]) -> Pixels:
        """By numpy, since torchvision repeats the edges of bytes in float: 17 times as slow at 224 px."""
        pad_y, pad_x = self._max_shift
        padded = np.pad(self.pixels[rows], ((0, 0), (pad_y, pad_y), (pad_x, pad_x), (0, 0)), mode="edge")
        height, width = self.pixels.shape[1:3]
        result = np.empty_like(padded[:, :height, :width])
        for index, (down, right, _) in enumerate(moves):
            y, x = int(down * (2 * pad_y + 1)), int(right * (2 * pad_x + 1))
            result[index] = padded[index, y : y + height, x : x + width]
        return result

    def _apply(self, transform: v2.Transform, images: Tensor, rows: Rows, view: int) -> None:
        """Transforms each of `images` (B, C, H, W) in place; torch's generator is afterwards what it was."""
        with torch.random.fork_rng(devices=[]):
            for index, row in enumerate(rows):
                seed = np.random.SeedSequence((self._seed, view, int(row))).generate_state(1)[0]
                # Not torch.manual_seed, which also seeds the devices that the network trains on.
                torch.default_generator.manual_seed(int(seed))
                images[index] = transform(images[index])


def _transform(settings: Training, size: tuple[int, ...]) -> v2.Transform | None:
    """What is done to each image after its shift; None where that is nothing."""
    transforms: list[v2.Transform] = []
    if settings.crop < 1:
        transforms.append(v2.RandomResizedCrop(size, scale=(settings.crop, 1)))
    if settings.auto_augment != "none":
        transforms.append(POLICIES[settings.auto_augment]())
    return v2.Compose(transforms) if transforms else None


@dataclass(frozen=True)
class Batch:
    """Some images of an epoch: their rows, `pixels` (B, H, W, C) in this `view`, `images` (B, C, H, W) float32."""

    rows: Rows
    view: int
    pixels: Pixels
    images: Tensor


class TrainBatches:
    """Batches of one epoch after another; the order depends on the seed and the epoch alone.

    Each epoch uses another view of every image; with `n_views`, epochs use so many views in turn. Where several
    processes train together, each gets its own part of every batch of `size` images.
    """

    def __init__(
        self, views: Views, rows: Rows, preprocess: Preprocess, size: int, seed: int, n_views: int | None
    ) -> None:
        self.views, self.rows, self.preprocess, self.seed, self.n_views = views, rows, preprocess, seed, n_views
        self.size = size

    def __len__(self) -> int:
        return len(self.rows) // self.size

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch. A last, short one is left out: batch norm cannot use one image."""
        order = np.random.default_rng((self.seed, number)).permutation(self.rows)
        view = number + 1 if self.n_views is None else number % self.n_views
        for start in range(0, len(self) * self.size, self.size):
            rows = order[start + processes.rank() : start + self.size : processes.world_size()]
            pixels = self.views.of(rows, view)
            yield Batch(rows, view, pixels, normalised(pixels, self.preprocess))


def normalised(pixels: Pixels, preprocess: Preprocess) -> Tensor:
    """(B, H, W, C) uint8 -> (B, C, H, W) float32, normalised as for every other use of the images."""
    return torch.from_numpy(normalise(pixels, preprocess.model_dump()))
