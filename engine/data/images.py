"""A user's folder or zip of images: listed, each decoded once as a check, and labelled."""

import shutil
import stat
import tempfile
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.data.archive import unpack
from engine.data.classes import assign_outputs
from engine.data.decode import FileCheck, check, open_image
from engine.data.labelled_files import by_label_file
from engine.data.listing import ImageFile, Listing, by_folder, unlabelled
from engine.data.parts import THREADS
from engine.data.pool import SPLIT_NAMES, ImagePool, SkippedFile, SplitName
from engine.data.splits import Rows, complete_splits
from engine.errors import DataError
from engine.results import Note
from engine.settings import ImagesData, Preprocess, Split
from engine.wording import many


@dataclass(frozen=True)
class _Content:
    """A folder of images and its name for the user; an unpacked zip stays on disk as long as this object exists."""

    root: Path
    name: str


def read_images(
    source: ImagesData,
    split: Split,
    preprocess: Preprocess,
    seed: int,
    *,
    n_outputs: int | None,
    model_classes: Sequence[str] | None,
    work: Path | None,
) -> ImagePool:
    """All usable images of a folder or zip; a zip stays unpacked in `work` for as long as the pool is in use.

    Raises DataError.
    """
    content = _content(source, work)
    labelled = by_label_file(content.root, source) if source.has_label_file else None
    listing = _listing(content, source) if labelled is None else labelled.listing
    if not listing.files:
        raise DataError(f"'{content.name}' holds no images", "Choose a folder or zip with images in it")
    files, checks, skipped = _usable(content, listing, preprocess)
    classes, labels, warnings = _labels(files, listing, source, model_classes, n_outputs)
    paths = tuple(file.path for file in files)
    return ImagePool(
        ids=tuple(file.id for file in files),
        hashes=tuple(check.sha256 for check in checks if check.sha256 is not None),
        labels=labels,
        classes=classes,
        read=partial(_read, content, paths),
        rows=_folder_rows(files, split, seed),
        skipped=skipped if labelled is None else (*skipped, *labelled.skipped),
        label_file=None if labelled is None else labelled.label_file,
        warnings=(*(() if labelled is None else labelled.notes), *warnings, *_transparency_notes(checks)),
    )


def _content(source: ImagesData, work: Path | None) -> _Content:
    if source.path is None:
        raise DataError(f"no images with the SHA-256 {source.sha256} are here", "Upload them again, or give their path")
    path = Path(source.path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise DataError(f"the images '{source.path[:200]}' cannot be read: {error}", "Check the path") from error
    if stat.S_ISDIR(mode):
        return _Content(path, path.name)
    if not stat.S_ISREG(mode):
        raise DataError(f"'{path.name}' is neither a folder nor a zip", "Give a folder or a zip of images")
    return _unpack(path, work)


def _unpack(path: Path, work: Path | None) -> _Content:
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="images-", dir=work)
    content = _Content(Path(folder, path.stem), path.name)
    weakref.finalize(content, shutil.rmtree, folder, ignore_errors=True)
    content.root.mkdir()
    unpack(path, content.root)
    return content


def _listing(content: _Content, source: ImagesData) -> Listing:
    return by_folder(content.root) if source.labelled else unlabelled(content.root)


def _usable(
    content: _Content, listing: Listing, preprocess: Preprocess
) -> tuple[list[ImageFile], list[FileCheck], tuple[SkippedFile, ...]]:
    """The usable images with their checks, and every other with the reason. Raises DataError if most are unusable."""
    settings: dict[str, Any] = preprocess.model_dump()
    with ThreadPoolExecutor(THREADS) as threads:
        results: list[FileCheck] = list(threads.map(partial(check, settings=settings), listing.files))
    pairs = list(zip(listing.files, results, strict=True))
    broken = [SkippedFile(file.id, result.reason) for file, result in pairs if result.sha256 is None]
    if 2 * len(broken) > len(pairs):
        raise DataError(
            f"{len(broken)} of {len(pairs)} files in '{content.name}' are no usable images. {broken[0].note.text}",
            "Choose a folder or zip of images (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000)",
        )
    stray = [SkippedFile(id, "it belongs to no class") for id in listing.stray]
    usable = [(file, result) for file, result in pairs if result.sha256 is not None]
    return [file for file, _ in usable], [result for _, result in usable], (*broken, *stray)


def _labels(
    files: Sequence[ImageFile],
    listing: Listing,
    source: ImagesData,
    model_classes: Sequence[str] | None,
    n_outputs: int | None,
) -> tuple[tuple[str, ...] | None, Rows | None, tuple[Note, ...]]:
    """Class names, the label of every image, and notes on them; None where there are no labels."""
    if not source.labelled:
        return None, None, ()
    labels_used = {file.label for file in files}
    without_images = sorted(listing.classes - labels_used)
    if without_images:
        examples = ", ".join(f"'{name}'" for name in without_images[:3])
        raise DataError(
            f"{len(without_images)} of {len(listing.classes)} classes have no usable image: {examples}",
            "Add images to them, or take them away",
        )
    classes, outputs, notes = assign_outputs(sorted(listing.classes), source.classes, model_classes, n_outputs)
    return classes, np.array([outputs[str(file.label)] for file in files], np.int64), notes


def _folder_rows(files: Sequence[ImageFile], split: Split, seed: int) -> dict[SplitName, Rows] | None:
    if all(file.split is None for file in files):
        return None
    rows_by_split = {
        name: np.array([row for row, file in enumerate(files) if file.split == name], np.int64) for name in SPLIT_NAMES
    }
    labels = None if files[0].label is None else np.array([file.label for file in files])
    rows = complete_splits(rows_by_split, labels, split, seed)
    if len(rows["evaluation"]) == 0:
        raise DataError("no image that can be used is left for evaluation", "Add images to the folder val or test")
    return rows


def _transparency_notes(checks: Sequence[FileCheck]) -> tuple[Note, ...]:
    n_transparent = sum(check.transparent for check in checks)
    if not n_transparent:
        return ()
    text = (
        f"{n_transparent} of {many(len(checks), 'image')} have transparent pixels. The model sees the colours stored "
        "beneath them, as with the loaders of timm and torchvision; where a background is wanted, put them on one first"
    )
    return (Note(code="transparent_images", text=text),)


def _read(content: _Content, paths: Sequence[Path], index: int) -> Image.Image:
    """The image at this index; `content` is an argument so that it exists as long as the pool."""
    return open_image(paths[index])
