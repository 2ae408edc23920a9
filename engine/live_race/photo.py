"""A photo that somebody dropped or took, checked and prepared as every image of a run is."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.decode import check, open_image
from engine.data.listing import ImageFile
from engine.data.preprocess import UnusableImage, prepare
from engine.errors import DataError
from engine.settings import Preprocess


def prepared_photo(photo: bytes, preprocess: Preprocess, folder: Path) -> NDArray[np.float32]:
    """(1, C, H, W) of an image file's bytes, which lie in `folder` meanwhile. Raises DataError where it is no image."""
    path = folder / "photo"
    path.write_bytes(photo)
    try:
        found = check(ImageFile(path, "the photo"))
        if found.sha256 is None:
            raise DataError(f"the photo cannot be used: {found.reason}", "Choose a JPEG, PNG or WebP file")
        return prepare(open_image(path), preprocess.model_dump())[None]
    except UnusableImage as error:
        raise DataError(f"the photo cannot be used: {error}", "Choose another one") from error
    finally:
        path.unlink(missing_ok=True)
