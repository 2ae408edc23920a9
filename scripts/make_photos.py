"""Writes the sample of photos, engine/data/photos.npz, from those that scikit-image and scikit-learn ship.

    python scripts/make_photos.py SITE_PACKAGES

SITE_PACKAGES is the folder where both are installed (scikit-image 0.26, scikit-learn 1.9). Only photos whose licence
allows to redistribute them are taken; THIRD_PARTY_NOTICES.md names the source and licence of each. They are shrunk to
at most 512 px, without their metadata.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).parents[1] / "engine" / "data" / "photos.npz"
FILES = {
    "skimage/data": (
        "astronaut.png brick.png camera.png chelsea.png clock_motion.png coffee.png coins.png grass.png gravel.png "
        "hubble_deep_field.jpg ihc.png retina.jpg rocket.jpg"
    ),
    "sklearn/datasets/images": "china.jpg flower.jpg",
}
EDGE, QUALITY = 512, 88


def main(site_packages: str) -> None:
    """Write each photo as the bytes of a JPEG, (n,) uint8, under its name; the same bytes every time."""
    paths = [Path(site_packages, folder, name) for folder, names in FILES.items() for name in names.split()]
    np.savez(PHOTOS, **{path.stem.split("_")[0]: as_jpeg(path) for path in paths})  # type: ignore[arg-type]


def as_jpeg(path: Path) -> np.ndarray:
    """The bytes of the photo as a JPEG of at most EDGE pixels a side."""
    with Image.open(path) as image:
        image.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        Image.frombytes(image.mode, image.size, image.tobytes()).save(file, "JPEG", quality=QUALITY, optimize=True)
    return np.frombuffer(file.getvalue(), np.uint8)


if __name__ == "__main__":
    main(*sys.argv[1:])
