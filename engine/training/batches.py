"""Shuffled, augmented training batches out of decoded pixels."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from engine.data.preprocess import normalise
from engine.settings import Preprocess
from engine.settings.techniques import Training


class TrainBatches:
    """Batches of one epoch after another; the order and the augmentation depend on the seed and the epoch alone."""

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray,
        rows: np.ndarray,
        preprocess: Preprocess,
        settings: Training,
        seed: int,
    ) -> None:
        self.pixels, self.labels, self.rows = pixels, labels, rows
        self.preprocess, self.settings, self.seed = preprocess, settings, seed
        self.size = min(settings.batch_size, len(rows))

    def __len__(self) -> int:
        return len(self.rows) // self.size

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """(B, C, H, W) float32 and (B,) int64; a last, short batch is left out: batch norm cannot use one image."""
        rng = np.random.default_rng((self.seed, number))
        order = rng.permutation(self.rows)
        for start in range(0, len(self) * self.size, self.size):
            rows = order[start : start + self.size]
            images = augmented(self.pixels[rows], self.settings.flip, self.settings.shift, rng)
            yield normalised(images, self.preprocess), torch.from_numpy(self.labels[rows])


def augmented(pixels: np.ndarray, flip: bool, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Mirrored and shifted copies of (B, H, W, C) uint8; what a shift uncovers repeats the edge."""
    height, width = pixels.shape[1:3]
    reach_y, reach_x = round(height * shift), round(width * shift)
    padded = np.pad(pixels, ((0, 0), (reach_y, reach_y), (reach_x, reach_x), (0, 0)), mode="edge")
    result = np.empty_like(pixels)
    for index in range(len(pixels)):
        y, x = rng.integers(0, 2 * reach_y + 1), rng.integers(0, 2 * reach_x + 1)
        image = padded[index, y : y + height, x : x + width]
        result[index] = image[:, ::-1] if flip and rng.random() < 0.5 else image
    return result


def normalised(pixels: np.ndarray, preprocess: Preprocess) -> Tensor:
    """(B, H, W, C) uint8 -> (B, C, H, W) float32, as every other use of the images has it."""
    return torch.from_numpy(normalise(pixels, preprocess.model_dump()))
