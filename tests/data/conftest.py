"""Small folders of real image files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import Data, load
from engine.settings import FolderRole, ImagesData, Preprocess, Split


@pytest.fixture
def preprocess() -> Preprocess:
    return Preprocess(size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Writes an image of noise that its path alone decides."""

    def write(path: Path, size: tuple[int, int] = (20, 24), **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list(str(path.relative_to(path.parents[2])).encode()))
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(path, **options)
        return path

    return write


@pytest.fixture
def pets(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """Twelve cats and eighteen dogs."""
    root = tmp_path / "pets"
    for name, count in {"cat": 12, "dog": 18}.items():
        for index in range(count):
            draw(root / name / f"{index:02d}.png")
    return root


@pytest.fixture
def read(preprocess: Preprocess) -> Callable[..., Data]:
    """Loads a folder, an archive or a Parquet file."""

    def read_path(
        path: Path,
        labels: str = "folders",
        classes: tuple[str, ...] | None = None,
        folders: dict[str, FolderRole] | None = None,
        **options,
    ) -> Data:
        arguments = {"split": Split(), "seed": 0, "merge_train": False, "n_outputs": None, **options}
        images = ImagesData(path=str(path), labels=labels, classes=classes, folders=folders or {})
        return load(images, arguments.pop("split"), preprocess, arguments.pop("seed"), **arguments)

    return read_path
