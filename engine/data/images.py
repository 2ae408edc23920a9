"""A user's folder or zip of images: found, opened once each to see that they are whole, and labelled."""

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
from engine.data.classes import ordered
from engine.data.decode import Checked, check, open_image
from engine.data.listing import Found, Listing, by_folder, by_table, unlabelled
from engine.data.parts import THREADS
from engine.data.pool import SPLIT_NAMES, Pool, SplitName
from engine.data.splits import Rows, arrange
from engine.data.table import read_labels
from engine.errors import DataError
from engine.results import Note
from engine.settings import ImagesData, Preprocess, Split


@dataclass(frozen=True)
class _Content:
    """A folder of images and what the user calls it; an unpacked zip stays on disk as long as this object lives."""

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
) -> Pool:
    """All usable images of a folder or zip; a zip is unpacked in `work` for as long as the pool is in use.

    Raises DataError.
    """
    content = _content(source, work)
    listing = _listing(content, source.labels)
    whole, hashes, skipped = _usable(content, listing, preprocess)
    classes, labels, warnings = _labelled(whole, listing, source, model_classes, n_outputs)
    paths = tuple(found.path for found in whole)
    return Pool(
        ids=tuple(found.id for found in whole),
        hashes=hashes,
        labels=labels,
        classes=classes,
        read=partial(_read, content, paths),
        rows=_given_rows(whole, split, seed),
        skipped=skipped,
        warnings=warnings,
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
    return _unpacked(path, work)


def _unpacked(path: Path, work: Path | None) -> _Content:
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="images-", dir=work)
    content = _Content(Path(folder, path.stem), path.name)
    weakref.finalize(content, shutil.rmtree, folder, ignore_errors=True)
    content.root.mkdir()
    unpack(path, content.root)
    return content


def _listing(content: _Content, labels: str) -> Listing:
    if labels == "none":
        listing = unlabelled(content.root)
    elif labels == "folders":
        listing = by_folder(content.root)
    else:
        listing = by_table(content.root, read_labels(Path(labels)))
    if not listing.found:
        raise DataError(f"'{content.name}' holds no images", "Choose a folder or zip with images in it")
    return listing


def _usable(
    content: _Content, listing: Listing, preprocess: Preprocess
) -> tuple[list[Found], tuple[str, ...], tuple[Note, ...]]:
    """The images that can be used, their hashes, and a note for every other. Raises DataError if most cannot."""
    settings: dict[str, Any] = preprocess.model_dump()
    with ThreadPoolExecutor(THREADS) as threads:
        checks: list[Checked] = list(threads.map(partial(check, settings=settings), listing.found))
    pairs = list(zip(listing.found, checks, strict=True))
    bad = [_skipped(found.id, checked.reason) for found, checked in pairs if checked.sha256 is None]
    if 2 * len(bad) > len(pairs):
        raise DataError(
            f"{len(bad)} of {len(pairs)} files in '{content.name}' are no usable images. {bad[0].text}",
            "Choose a folder or zip of images (JPEG, PNG, WebP, GIF, BMP, TIFF)",
        )
    stray = [_skipped(id, "it belongs to no class") for id in listing.stray]
    hashes = tuple(checked.sha256 for checked in checks if checked.sha256 is not None)
    return [found for found, checked in pairs if checked.sha256 is not None], hashes, (*bad, *stray)


def _labelled(
    whole: Sequence[Found],
    listing: Listing,
    source: ImagesData,
    model_classes: Sequence[str] | None,
    n_outputs: int | None,
) -> tuple[tuple[str, ...] | None, Rows | None, tuple[Note, ...]]:
    """Class names, the label of every image, and what to know about them; nothing where there are no labels."""
    if not source.labelled:
        return None, None, ()
    used = {found.label for found in whole}
    empty = sorted(listing.classes - used)
    if empty:
        shown = ", ".join(f"'{name}'" for name in empty[:3])
        raise DataError(
            f"{len(empty)} of {len(listing.classes)} classes have no usable image: {shown}",
            "Add images to them, or take them away",
        )
    classes, outputs, notes = ordered(sorted(listing.classes), source.classes, model_classes, n_outputs)
    return classes, np.array([outputs[str(found.label)] for found in whole], np.int64), notes


def _given_rows(whole: Sequence[Found], split: Split, seed: int) -> dict[SplitName, Rows] | None:
    if all(found.split is None for found in whole):
        return None
    given = {
        name: np.array([row for row, found in enumerate(whole) if found.split == name], np.int64)
        for name in SPLIT_NAMES
    }
    labels = None if whole[0].label is None else np.array([found.label for found in whole])
    rows = arrange(given, labels, split, seed)
    if len(rows["evaluation"]) == 0:
        raise DataError("no image that can be used is left for evaluation", "Add images to the folder val or test")
    return rows


def _read(content: _Content, paths: Sequence[Path], index: int) -> Image.Image:
    """`content` is an argument to live as long as the pool."""
    return open_image(paths[index])


def _skipped(id: str, reason: str) -> Note:
    return Note(code="image_skipped", text=f"'{id}' was left out: {reason}")
