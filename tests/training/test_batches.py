import numpy as np
import pytest
import torch

from engine.settings import Finetune, Preprocess
from engine.training.batches import PLAIN, TrainBatches, Views, normalised

GRAY = Preprocess(size=(8, 8), mean=(0.0,), std=(1.0,))
ALL = np.arange(8)


def dots(n=8):
    """Images with one bright pixel in the middle."""
    pixels = np.zeros((n, 20, 20, 1), dtype=np.uint8)
    pixels[:, 10, 10] = 255
    return pixels


def test_normalised_is_channels_first_and_scaled():
    pixels = np.full((2, 4, 4, 3), 255, dtype=np.uint8)
    images = normalised(pixels, Preprocess(size=(8, 8), mean=(0.5, 0.5, 0.0), std=(0.5, 0.25, 1.0)))
    assert images.shape == (2, 3, 4, 4)
    assert images[0, :, 0, 0].tolist() == [1.0, 2.0, 1.0]


def test_a_view_keeps_shape_and_input_and_moves_at_most_the_shift():
    pixels = dots()
    before = pixels.copy()
    moved = Views(pixels, Finetune(shift=0.1), seed=0).of(ALL, 1)
    assert (pixels == before).all()
    rows, columns = np.nonzero(moved[..., 0].any(axis=0))
    assert np.abs(rows - 10).max() <= 2
    assert np.abs(columns - 10).max() <= 2
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) > 1


def test_a_view_is_the_same_for_whoever_looks_whatever_else_is_in_the_batch():
    settings = Finetune(shift=0.2, flip=True)
    views = Views(dots(), settings, seed=0)
    again = Views(dots(), settings, seed=0)
    np.testing.assert_array_equal(views.of(ALL, 3)[[5, 2]], again.of(np.array([5, 2]), 3))
    assert not np.array_equal(views.of(ALL, 3), views.of(ALL, 4))
    assert not np.array_equal(views.of(ALL, 3), Views(dots(), settings, seed=1).of(ALL, 3))
    np.testing.assert_array_equal(views.of(ALL, PLAIN), dots())


def test_mirroring_turns_about_half_of_the_images_and_none_unless_asked():
    pixels = np.zeros((200, 4, 4, 1), dtype=np.uint8)
    pixels[:, :, 0] = 255
    rows = np.arange(200)
    turned = Views(pixels, Finetune(shift=0.0, flip=True), seed=0).of(rows, 1)[:, 0, 3, 0] == 255
    assert 60 < turned.sum() < 140
    np.testing.assert_array_equal(Views(pixels, Finetune(shift=0.0), seed=0).of(rows, 1), pixels)


@pytest.mark.parametrize("n_views", [None, 2])
def test_an_epoch_shows_every_full_batch_once_in_another_order_and_view_each_time(n_views):
    pixels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    views = Views(pixels, Finetune(shift=0.0), seed=0)
    batches = TrainBatches(views, np.arange(10), GRAY, 3, seed=0, n_views=n_views)
    epochs = [list(batches.epoch(number)) for number in range(3)]
    first, second, third = (np.concatenate([batch.rows for batch in epoch]).tolist() for epoch in epochs)
    assert len(batches) == 3
    assert len(first) == len(set(first)) == 9
    assert first != second != third
    assert [epoch[0].view for epoch in epochs] == ([1, 2, 3] if n_views is None else [0, 1, 0])
    batch = epochs[0][0]
    torch.testing.assert_close(batch.images, normalised(batch.pixels, GRAY))
    assert batch.pixels[:, 0, 0, 0].tolist() == batch.rows.tolist()


AUGMENTED = [{"crop": 0.3}, {"auto_augment": "trivial_augment"}, {"auto_augment": "rand_augment"}]


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("changes", AUGMENTED)
def test_crops_and_policies_are_the_same_for_whoever_looks_and_leave_torchs_numbers_alone(changes, n_channels):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 20, 24, n_channels), np.uint8)
    pixels.flags.writeable = False  # as a mapped file of them is
    settings = Finetune(shift=0.1, flip=True, **changes)
    views = Views(pixels, settings, seed=0)
    state = torch.get_rng_state()
    view = views.of(ALL, 3)
    assert torch.equal(torch.get_rng_state(), state)
    assert (view.shape, view.dtype, view.flags.c_contiguous) == (pixels.shape, np.uint8, True)
    torch.rand(3)
    np.testing.assert_array_equal(view[[5, 2]], Views(pixels, settings, seed=0).of(np.array([5, 2]), 3))
    for other in (views.of(ALL, 4), Views(pixels, settings, seed=1).of(ALL, 3)):
        assert not np.array_equal(view, other)
    unchanged = Views(pixels, Finetune(shift=0.1, flip=True), seed=0).of(ALL, 3)
    assert (view != unchanged).any(axis=(1, 2, 3)).sum() >= 4
    np.testing.assert_array_equal(views.of(ALL, PLAIN), pixels)


def test_a_crop_keeps_its_share_of_the_area_and_the_shape_of_the_image():
    ramp = np.broadcast_to(np.arange(0, 200, 5, dtype=np.uint8)[:, None, None], (60, 40, 40, 1))
    crops = Views(ramp, Finetune(shift=0.0, crop=0.5), seed=0).of(np.arange(60), 1)[..., 0].astype(int)
    shares = (crops[:, -1, 20] - crops[:, 0, 20]) / 195
    assert shares.min() > 0.55
    assert shares.min() < 0.75
    assert shares.max() <= 1


def test_with_nothing_asked_for_a_view_is_the_image_itself():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 20, 24, 3), np.uint8)
    np.testing.assert_array_equal(Views(pixels, Finetune(shift=0.0), seed=0).of(ALL, 1), pixels)
