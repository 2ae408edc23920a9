"""Estimates BatchNorm statistics again."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.data import Part
from engine.results import Note

IMAGES, BATCH = 512, 64


def recalibrate(module: nn.Module, train: Part) -> int:
    """Estimates the statistics of every BatchNorm in place, as the mean over train images; returns how many it used.

    No image is used where there is no BatchNorm, or where there are fewer than two. As "precise BN" in Wu and Johnson,
    https://arxiv.org/abs/2105.07576, section 3.
    """
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    if not norms or len(train) < 2:
        return 0
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all batches
        layer.train()
    n_images = 0
    with torch.no_grad():
        for images in train.batches(BATCH, IMAGES):
            if len(images) > 1:
                module(torch.from_numpy(images))
                n_images += len(images)
    module.eval()
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    return n_images


def recalibration_notes(n_images: int) -> tuple[Note, ...]:
    """A note of how many images were used, or nothing where there were none."""
    if not n_images:
        return ()
    text = f"The statistics of BatchNorm were estimated again on {n_images} train images"
    return (Note(code="recalibrated", text=text),)
