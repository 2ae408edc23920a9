"""The preprocessing that a model needs: from timm's configuration, or ImageNet's where there is none."""

from collections.abc import Mapping
from typing import Any

from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from engine.settings import Preprocess

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


def imagenet_preprocess(channels: int, size: tuple[int, int]) -> Preprocess:
    """ImageNet's normalisation and timm's default crop at this height and width."""
    return Preprocess(
        size=size,
        mean=fit_channels(IMAGENET_DEFAULT_MEAN, channels),
        std=fit_channels(IMAGENET_DEFAULT_STD, channels),
        crop_pct=0.875,
    )


def pixel_preprocess(channels: int, size: tuple[int, int]) -> Preprocess:
    """Pixels from 0 to 255 at this height and width, for a graph that normalises them itself."""
    return Preprocess(size=size, mean=(0.0,) * channels, std=(1.0,) * channels, scale=1.0, crop_pct=0.875)


def timm_preprocess(config: Mapping[str, Any], channels: int, size: tuple[int, int]) -> Preprocess:
    """The preprocessing of a configuration that timm.data.resolve_data_config returned, at this height and width."""
    return Preprocess(
        size=size,
        mean=fit_channels(config["mean"], channels),
        std=fit_channels(config["std"], channels),
        interpolation=config["interpolation"] if config["interpolation"] in _INTERPOLATIONS else "bicubic",
        crop_pct=config["crop_pct"],
        resize="squash" if config.get("crop_mode") == "squash" else "crop",
    )


def fit_channels(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Three values unchanged for three channels; else their mean for each, as timm averages a first convolution."""
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels
