"""The preprocessings that are tried around a declared one, the likeliest mistakes first."""

from collections.abc import Iterable

from engine.results import preprocessing_text, same_numbers
from engine.settings import NORMALISATIONS, Preprocess

CROPS = (0.8, 0.875, 0.9, 0.95, 1.0)
"""Shares that a centre crop leaves; those of timm's and torchvision's configurations are among them."""
SQUASH_CROP = 0.875
INTERPOLATIONS = ("bicubic", "bilinear", "lanczos", "nearest")
BYTE = 255.0


def normalisations(declared: Preprocess, *, takes_bytes: bool) -> tuple[Preprocess, ...]:
    """Other ways to make numbers of the same pixels, no two the same: order of the channels, scale, mean and deviation.

    With `takes_bytes` the graph normalises by itself, and only the order is free. A reversed order leaves the declared
    mean and deviation where they are, as a program does that forgets to turn an image's channels around; those of the
    known normalisations go with their colours.
    """
    in_other_order = _in_other_order(declared)
    if takes_bytes:
        return (in_other_order,) if in_other_order is not None else ()
    rescaled = declared.model_copy(update={"scale": 1.0 if declared.scale == BYTE else BYTE})
    known = [normalisation.applied(declared) for normalisation in NORMALISATIONS.values()]
    if in_other_order is None:
        return _distinct([rescaled, *known], declared)
    return _distinct(
        [
            in_other_order,
            rescaled,
            *known,
            in_other_order.model_copy(update={"scale": rescaled.scale}),
            *(normalisation.applied(in_other_order) for normalisation in NORMALISATIONS.values()),
        ],
        declared,
    )


def crops(current: Preprocess) -> tuple[Preprocess, ...]:
    """The same with another share left by the centre crop, and squashed to the size in place of cut."""
    cut = [current.model_copy(update={"resize": "crop", "crop_pct": share}) for share in CROPS]
    squashed = [current.model_copy(update={"resize": "squash", "crop_pct": share}) for share in (1.0, SQUASH_CROP)]
    return tuple(one for one in (*squashed, *cut) if one != current)


def interpolations(current: Preprocess) -> tuple[Preprocess, ...]:
    """The same with every other filter."""
    return tuple(
        current.model_copy(update={"interpolation": name}) for name in INTERPOLATIONS if name != current.interpolation
    )


def _in_other_order(preprocess: Preprocess) -> Preprocess | None:
    """The same with the channels of an image in colour the other way round; None for a gray one."""
    if len(preprocess.mean) == 1:
        return None
    return preprocess.model_copy(update={"channels": "rgb" if preprocess.channels == "bgr" else "bgr"})


def _distinct(settings: Iterable[Preprocess], declared: Preprocess) -> tuple[Preprocess, ...]:
    """The settings in their order, without those that are the declared one or an earlier one.

    That is so where they make the same numbers, and where two orders of the same mean make nearly the same.
    """
    different: list[Preprocess] = []
    for one in settings:
        text = preprocessing_text(one, declared)
        if not any(
            same_numbers(one, other) or text == preprocessing_text(other, declared) for other in (declared, *different)
        ):
            different.append(one)
    return tuple(different)
