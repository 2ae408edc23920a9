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
    if takes_bytes:
        return _distinct(_in_both_orders([declared]), declared)
    rescaled = declared.model_copy(update={"scale": 1.0 if declared.scale == BYTE else BYTE})
    own = _in_both_orders([declared, rescaled])
    known = [
        normalisation.applied(order)
        for order in reversed(_in_both_orders([declared]))
        for normalisation in NORMALISATIONS.values()
    ]
    return _distinct([*own, *known], declared)


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


def _in_both_orders(settings: Iterable[Preprocess]) -> list[Preprocess]:
    """The settings, and for images in colour also with the channels the other way round."""
    rows = list(settings)
    other = [
        one.model_copy(update={"channels": "rgb" if one.channels == "bgr" else "bgr"})
        for one in rows
        if len(one.mean) == 3
    ]
    return [*other, *rows]


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
