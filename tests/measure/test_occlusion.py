"""What an answer rests on: the part of the image that decides it."""

import numpy as np

from engine.measure.occlusion import CELLS, occluded, occlusion_map


def lit(row: int, column: int) -> np.ndarray:
    """A black image of 32 px with one white cell of 4 px."""
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 255
    return pixels


def brightness(images: np.ndarray) -> np.ndarray:
    """(N, 2) probabilities: the second rises with the brightest pixel."""
    share = images.reshape(len(images), -1).max(axis=1) / 255
    return np.stack([1 - share, share], axis=1)


def test_the_map_is_highest_where_the_answer_is():
    importance = occlusion_map(lit(2, 5), 1, brightness)
    assert importance.shape == (CELLS, CELLS)
    assert np.unravel_index(importance.argmax(), importance.shape) == (2, 5)
    assert importance[6, 0] == 0


def test_each_cell_is_covered_and_the_image_stays_as_it_is():
    pixels = lit(0, 0)
    before = pixels.copy()
    images = occluded(pixels)
    assert images.shape == (CELLS * CELLS, 32, 32, 3)
    assert (images != pixels).any(axis=3).any(axis=0).all()
    assert (pixels == before).all()


def test_images_smaller_than_the_cells_are_covered_too():
    assert occlusion_map(np.full((4, 4, 1), 200, np.uint8), 0, brightness).shape == (CELLS, CELLS)
