"""Crops that join the calibration images where there are fewer than were asked for."""

from engine.context import StepContext
from engine.data import Examples, Part
from engine.data.crops import with_crops
from engine.results import Note, codes
from engine.wording import many


def with_crops_of_few(images: Examples, n_images: int, context: StepContext) -> tuple[Examples, tuple[Note, ...]]:
    """The examples that set the ranges, with seeded crops where real images are fewer than `n_images`; a note on them.

    `images` set the ranges alone: what judges must not be among them, since a crop shows its source.
    """
    if not isinstance(images, Part) or context.data.synthetic:
        return images, ()
    with_more = with_crops(images, n_images, context.seed)
    n_crops = len(with_more) - len(images)
    if not n_crops:
        return images, ()
    sources = "this image" if len(images) == 1 else f"these {len(images):,} images"
    text = (
        f"{many(n_crops, 'seeded crop')} of {sources}, mirrored or not, set the ranges too, since {n_images:,} were "
        "asked for; no crop judges or reports"
    )
    return with_more, (Note(code=codes.CROPPED_CALIBRATION_IMAGES, text=text),)
