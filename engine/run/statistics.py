"""Images out of the network's own statistics, for a run that calibrates and has no images."""

import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.context import Model
from engine.data.pool import digest
from engine.data.synthetic import noise_pixels
from engine.models.artifacts import TorchModel
from engine.planning.estimate import images_seconds
from engine.planning.parts import IMAGES, START, makes_images
from engine.run.progress import RunProgress
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.training.statistics_images import STEPS, StatisticsImages, make_images

_PIXELS, _DISTANCE = "pixels.npy", "distance.json"


def statistics_images(
    recipe: Recipe, source: Model, cache: Cache, run_progress: RunProgress
) -> tuple[NDArray[np.uint8], float] | None:
    """Images (N, H, W, C) uint8 and what is left of the noise's distance, made now or for an earlier run.

    None where the run has images or needs none, where the network has no statistics, and where there is too little time
    for it: the same recipe then runs on noise.
    """
    if not makes_images(recipe) or not isinstance(source, TorchModel):
        return None
    phase = run_progress.begin(START, IMAGES)
    key = digest(["statistics", source.key, source.preprocess.model_dump(), recipe.seed, STEPS, torch.__version__])
    entry = cache.get(key)
    if entry is not None:
        phase.end(reused=True)
        return _read(entry)
    images = make_images(
        source.build(),
        source.preprocess,
        noise_pixels(source.preprocess, recipe.seed),
        time.monotonic() + images_seconds(recipe),
        phase,
    )
    if images is None:
        run_progress.leave_out(START, IMAGES)
        return None
    phase.end()
    return _read(cache.put(key, lambda folder: _write(folder, images)))


def _write(folder: Path, images: StatisticsImages) -> None:
    np.save(folder / _PIXELS, images.pixels)
    (folder / _DISTANCE).write_text(json.dumps(images.distance), encoding="utf-8")


def _read(entry: Path) -> tuple[NDArray[np.uint8], float]:
    pixels: NDArray[np.uint8] = np.load(entry / _PIXELS)
    return pixels, float(json.loads((entry / _DISTANCE).read_text(encoding="utf-8")))
