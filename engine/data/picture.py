"""What a model gets, as a picture to look at."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(pixels: NDArray[np.uint8], *, blue_first: bool) -> Image.Image:
    """The image of pixels (H, W, C) in the model's order of the channels."""
    if pixels.shape[-1] == 1:
        return Image.fromarray(pixels[..., 0])
    return Image.fromarray(np.ascontiguousarray(pixels[..., ::-1]) if blue_first else pixels)
