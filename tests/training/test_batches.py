import numpy as np
import torch

from engine.settings import Finetune, Preprocess
from engine.training.batches import TrainBatches, augmented, normalised

GRAY = Preprocess(size=(8, 8), mean=(0.0,), std=(1.0,))


def test_normalised_is_channels_first_and_scaled():
    pixels = np.full((2, 4, 4, 3), 255, dtype=np.uint8)
    images = normalised(pixels, Preprocess(size=(8, 8), mean=(0.5, 0.5, 0.0), std=(0.5, 0.25, 1.0)))
    assert images.shape == (2, 3, 4, 4)
    assert images[0, :, 0, 0].tolist() == [1.0, 2.0, 1.0]


def test_augmentation_keeps_shape_and_input_and_moves_at_most_the_shift():
    pixels = np.zeros((8, 20, 20, 1), dtype=np.uint8)
    pixels[:, 10, 10] = 255
    before = pixels.copy()
    moved = augmented(pixels, flip=False, shift=0.1, rng=np.random.default_rng(0))
    assert (pixels == before).all()
    rows, columns = np.nonzero(moved[..., 0].any(axis=0))
    assert np.abs(rows - 10).max() <= 2
    assert np.abs(columns - 10).max() <= 2
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) > 1


def test_an_epoch_shows_every_full_batch_once_and_another_order_each_time():
    pixels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    settings = Finetune(batch_size=3, shift=0.0)
    batches = TrainBatches(pixels, np.arange(10), np.arange(10), GRAY, settings, seed=0)
    first, second = (torch.cat([labels for _, labels in batches.epoch(number)]).tolist() for number in (0, 1))
    assert len(batches) == 3
    assert len(first) == len(set(first)) == 9
    assert first != second
