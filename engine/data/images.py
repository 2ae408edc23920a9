"""A user's folder, archive or Parquet file of images: listed, each decoded once as a check, and labelled."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.data.classes import assign_outputs, sort_names
from engine.data.content import Content, open_content
from engine.data.decode import FileCheck, check, open_image
from engine.data.imagefolder import by_metadata
from engine.data.listing import ImageFile, Listing, by_folder, by_table, unlabelled
from engine.data.parquet import by_parquet
from engine.data.parts import THREADS
from engine.data.pool import SPLIT_NAMES, ImagePool, SplitName
from engine.data.splits import Rows, complete_splits
from engine.data.table import read_labels
from engine.errors import DataError
from engine.results import Note
from engine.settings import ImagesData, Preprocess, Split


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
    """All usable images of a source; an archive stays unpacked in `work` for as long as the pool is in use.

    Raises DataError.
    """
    content = open_content(source, work)
    listing = _listing(content, source)
    files, hashes, skipped = _usable(content, listing, preprocess)
    classes, outputs, warnings = _classes(files, listing, source, model_classes, n_outputs)
    paths = tuple(file.path for file in files)
    return ImagePool(
        ids=tuple(file.id for file in files),
        hashes=hashes,
        labels=None if outputs is None else np.array([outputs[str(file.label)] for file in files], np.int64),
        classes=classes,
        outputs=outputs,
        read=partial(_read, content, paths),
        rows=_folder_rows(files, split, seed),
        skipped=skipped,
        warnings=(*content.notes, *listing.notes, *warnings),
        folders=listing.reading,
    )


def _listing(content: Content, source: ImagesData) -> Listing:
    if content.parquet and content.scratch is not None:
        listing = _parquet_listing(content.parquet, content.root, content.scratch, source)
    elif source.labels == "none":
        listing = unlabelled(content.root, source.folders)
    elif source.labels == "folders":
        listing = by_metadata(content.root, source.folders) or by_folder(content.root, source.folders)
    else:
        listing = by_table(content.root, read_labels(Path(source.labels)))
    if not listing.files:
        raise DataError(f"'{content.name}' holds no images", "Choose a folder or an archive with images in it")
    return listing


def _parquet_listing(files: tuple[Path, ...], root: Path, scratch: Path, source: ImagesData) -> Listing:
    """Raises DataError for labels or roles of folders from elsewhere, since Parquet files hold their own."""
    if source.labels not in ("folders", "none") or source.folders:
        what, key = ("roles of folders", "folders") if source.folders else ("a table of labels", "labels")
        raise DataError(
            f"the images are in Parquet files, which have their own labels and splits, and {what} are given",
            f"Take them away (data.{key})",
        )
    return by_parquet(files, root, scratch, labelled=source.labelled)


def _usable(
    content: Content, listing: Listing, preprocess: Preprocess
) -> tuple[list[ImageFile], tuple[str, ...], tuple[Note, ...]]:
    """The images that can be used, their hashes, and a note for every other. Raises DataError if most cannot."""
    settings: dict[str, Any] = preprocess.model_dump()
    with ThreadPoolExecutor(THREADS) as threads:
        results: list[FileCheck] = list(threads.map(partial(check, settings=settings), listing.files))
    pairs = list(zip(listing.files, results, strict=True))
    broken = [_skipped_note(file.id, result.reason) for file, result in pairs if result.sha256 is None]
    if 2 * len(broken) > len(pairs):
        raise DataError(
            f"{len(broken)} of {len(pairs)} files in '{content.name}' are no usable images. {broken[0].text}",
            "Choose a folder or archive of images (JPEG, PNG, WebP, GIF, BMP, TIFF)",
        )
    stray = [_skipped_note(id, "it belongs to no class") for id in listing.stray]
    hashes = tuple(result.sha256 for result in results if result.sha256 is not None)
    return [file for file, result in pairs if result.sha256 is not None], hashes, (*broken, *stray)


def _classes(
    files: Sequence[ImageFile],
    listing: Listing,
    source: ImagesData,
    model_classes: Sequence[str] | None,
    n_outputs: int | None,
) -> tuple[tuple[str, ...] | None, dict[str, int] | None, tuple[Note, ...]]:
    """Class names, the output of every label, and notes on them; None where there are no labels."""
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
    labels = sort_names(listing.classes)
    # The order in which a set numbers its classes is that of a model's outputs, where it does not name them itself.
    own_order = listing.class_names if listing.class_names and model_classes is None else None
    classes, outputs, notes = assign_outputs(labels, source.classes or own_order, model_classes, n_outputs)
    return classes, {label: outputs[label] for label in labels}, notes


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


def _read(content: Content, paths: Sequence[Path], index: int) -> Image.Image:
    """The image at this index; `content` is an argument so that it exists as long as the pool."""
    return open_image(paths[index])


def _skipped_note(id: str, reason: str) -> Note:
    return Note(code="image_skipped", text=f"'{id}' was left out: {reason}")
