"""Decoded pixels are kept for every job, as long as there is room for them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data import parts, pixel_cache
from engine.data.pixel_cache import with_cached_pixels
from engine.store.cache import Cache


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """Grows by each image that is decoded."""
    calls, to_pixels = [], parts.to_pixels
    monkeypatch.setattr(parts, "to_pixels", lambda *args: (calls.append(1), to_pixels(*args))[1])
    return calls


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def batches(part) -> np.ndarray:
    return np.concatenate([*part.batches(4)])


def test_the_next_job_decodes_one_image_and_sees_the_same(pets: Path, read, cache, decoded):
    plain = batches(read(pets).split("train"))
    decoded.clear()
    assert np.array_equal(batches(with_cached_pixels(read(pets).split("train"), cache)), plain)
    assert len(decoded) == 19  # the first one tells the size
    decoded.clear()
    assert np.array_equal(batches(with_cached_pixels(read(pets).split("train"), cache)), plain)
    assert len(decoded) == 1


def test_other_images_and_another_preprocessing_are_apart(pets: Path, read, draw, cache, preprocess, tmp_path: Path):
    first = with_cached_pixels(read(pets).split("train"), cache)
    draw(pets / first.ids[0], size=(30, 30))
    assert not np.array_equal(batches(with_cached_pixels(read(pets).split("train"), cache)), batches(first))
    part = read(pets).split("train")
    assert batches(with_cached_pixels(part, cache)).shape == (18, 3, 16, 16)
    other = replace(part, preprocess=preprocess.model_copy(update={"size": (8, 8)}))
    assert batches(with_cached_pixels(other, cache)).shape == (18, 3, 8, 8)
    files = [*(tmp_path / "cache").glob("*/pixels-*.npy")]
    assert len({file.parent for file in files}) == len(files) == 3


def test_what_would_take_too_much_is_decoded_as_it_is_read(pets: Path, read, cache, tmp_path: Path, monkeypatch):
    part = read(pets).split("train")
    monkeypatch.setattr(pixel_cache, "MAX_BYTES", 18 * 16 * 16 * 3 - 1)
    assert with_cached_pixels(part, cache) is part
    monkeypatch.setattr(pixel_cache, "MAX_BYTES", 18 * 16 * 16 * 3)
    monkeypatch.setattr(Cache, "free_bytes", 18 * 16 * 16 * 3)
    assert with_cached_pixels(part, cache) is part
    assert not (tmp_path / "cache").exists()


def test_without_images_there_is_nothing_to_keep(pets: Path, read, cache):
    holdout = read(pets).split("holdout")
    assert with_cached_pixels(holdout, cache) is holdout
