"""Writes the sample's images, engine/data/digits.npz, from scikit-learn's copy of them.

The images are the test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998, UCI
Machine Learning Repository, doi:10.24432/C50P49), licensed under CC BY 4.0. Nothing is changed but the type of the
numbers.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

DIGITS = Path(__file__).parents[1] / "engine" / "data" / "digits.npz"


def main() -> None:
    """Write the images (1797, 8, 8) uint8, 0..16, and the labels (1797,) uint8; the same bytes every time."""
    digits = load_digits()
    np.savez_compressed(DIGITS, images=digits.images.astype(np.uint8), labels=digits.target.astype(np.uint8))


if __name__ == "__main__":
    main()
