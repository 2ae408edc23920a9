"""A user's folder, archive or Parquet file of images: listed, each decoded once as a check, and labelled."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.data.check_index import checked_files
from engine.data.classes import assign_outputs, sort_names
from engine.data.content import Content, open_content
from engine.data.decode import FileCheck, fitting, open_image
from engine.data.imagefolder import by_metadata, has_metadata
from engine.data.labelled_files import LabelledFiles, by_label_file
from engine.data.listing import ImageFile, Listing, by_folder, unlabelled
from engine.data.own_label_file import OwnLabelFile, own_label_file
from engine.data.parquet import by_parquet
from engine.data.pool import SPLIT_NAMES, ImagePool, SkippedFile, SplitName
from engine.data.reading import ReadProgress, within
from engine.data.skipped import OnSkipped
from engine.data.splits import Rows, complete_splits
from engine.errors import DataError
from engine.results import Note
from engine.settings import NO_LABEL_FILE, ImagesData, Preprocess, Split
from engine.store.cache import Cache
from engine.wording import many

UNPACKED = 0.3
"""The share of the reading that is done when an archive is unpacked: of 50,000 small PNGs in a zip."""


def read_images(
    source: ImagesData,
    split: Split,
    preprocess: Preprocess,
    seed: int,
    *,
    n_outputs: int | None,
    model_classes: Sequence[str] | None,
    work: Path | None,
    cache: Cache | None,
    on_progress: ReadProgress,
    on_skipped: OnSkipped,
) -> ImagePool:
    """All usable images of a source; an archive stays unpacked in `work` for as long as the pool is in use.

    `cache` keeps what each file was found to be. `on_skipped` is told of all files that were left out, also where they
    are so many that the images are refused. Raises DataError.
    """
    on_progress(0.0, "listing the images")
    unpacking = within(on_progress, 0.0, UNPACKED)
    content = open_content(source, work, unpacking)
    own = _own_label_file(content, source)
    labelled = _labelled_files(content, source, own)
    listing = _listing(content, source, unpacking) if labelled is None else labelled.listing
    if not listing.files:
        raise DataError(f"'{content.name}' holds no images", "Choose a folder or an archive with images in it")
    checking = within(on_progress, UNPACKED if content.packed else 0.0, 1.0)
    with checked_files(content, listing.files, cache, checking) as results:
        files, checks, skipped = _usable(listing, preprocess, results)
        skipped = skipped if labelled is None else (*skipped, *labelled.skipped)
        on_skipped(skipped)
        _refuse_unusable(content, listing, len(files), skipped)
        classes, outputs, warnings = _classes(files, listing, source, model_classes, n_outputs)
        rows = _folder_rows(files, split, seed)
    paths = tuple(file.path for file in files)
    label_notes = (*own.notes, *(() if labelled is None else labelled.notes))
    return ImagePool(
        ids=tuple(file.id for file in files),
        hashes=tuple(check.sha256 for check in checks if check.sha256 is not None),
        labels=None if outputs is None else np.array([outputs[str(file.label)] for file in files], np.int64),
        classes=classes,
        outputs=outputs,
        read=partial(_read, content, paths),
        file=paths.__getitem__,
        rows=rows,
        skipped=skipped,
        label_file=None if labelled is None else labelled.label_file,
        warnings=(*content.notes, *listing.notes, *label_notes, *warnings, *_transparency_notes(checks)),
        folders=listing.reading,
    )


def _own_label_file(content: Content, source: ImagesData) -> OwnLabelFile:
    """The label file among the images that is to be read, if any. Raises DataError."""
    if content.parquet or source.labels != "folders":
        return OwnLabelFile(None)
    if source.label_file is None and has_metadata(content.root):
        return OwnLabelFile(None)
    return own_label_file(content.root, source)


def _labelled_files(content: Content, source: ImagesData, own: OwnLabelFile) -> LabelledFiles | None:
    """The images that a label file names; None where there is none. Raises DataError."""
    if content.parquet or (own.path is None and not source.has_label_file):
        return None
    return by_label_file(content.root, source, own.path)


def _listing(content: Content, source: ImagesData, on_progress: ReadProgress) -> Listing:
    if content.parquet and content.scratch is not None:
        _refuse_beside_parquet(source)
        return by_parquet(content.parquet, content.root, content.scratch, on_progress, labelled=source.labelled)
    if source.labels == "none":
        return unlabelled(content.root, source.folders)
    _refuse_columns(source)
    metadata = None if source.label_file == NO_LABEL_FILE else by_metadata(content.root, source.folders)
    return metadata or by_folder(content.root, source.folders)


def _refuse_columns(source: ImagesData) -> None:
    """Raises DataError for settings of a label file where the labels are those of folders or of metadata."""
    for name in ("file_column", "label_column", "whole_labels"):
        if getattr(source, name):
            raise DataError(
                f"data.{name} is about a label file, and the labels are those of folders or of metadata here",
                "Take it away, or name the label file (data.label_file, data.labels)",
            )


def _refuse_beside_parquet(source: ImagesData) -> None:
    """Raises DataError for labels or roles of folders from elsewhere, since Parquet files hold their own."""
    given = {
        "labels": source.has_label_file,
        "label_file": source.label_file not in (None, NO_LABEL_FILE),
        "folders": bool(source.folders),
    }
    key = next((name for name, is_given in given.items() if is_given), None)
    if key is not None:
        what = "roles of folders" if key == "folders" else "a table of labels"
        raise DataError(
            f"the images are in Parquet files, which have their own labels and splits, and {what} are given",
            f"Take them away (data.{key})",
        )


def _usable(
    listing: Listing, preprocess: Preprocess, checks: Sequence[FileCheck]
) -> tuple[list[ImageFile], list[FileCheck], tuple[SkippedFile, ...]]:
    """The usable images with their checks, and every other with the reason, those of no class at the end."""
    settings: dict[str, Any] = preprocess.model_dump()
    results = [fitting(check, settings) for check in checks]
    pairs = list(zip(listing.files, results, strict=True))
    broken = [SkippedFile(file.id, result.reason) for file, result in pairs if result.sha256 is None]
    stray = [SkippedFile(id, "it belongs to no class") for id in listing.stray]
    usable = [(file, result) for file, result in pairs if result.sha256 is not None]
    return [file for file, _ in usable], [result for _, result in usable], (*broken, *stray)


def _refuse_unusable(content: Content, listing: Listing, n_usable: int, skipped: Sequence[SkippedFile]) -> None:
    """Raises DataError where most files are no usable images."""
    n_files = len(listing.files)
    if 2 * n_usable < n_files:
        raise DataError(
            f"{n_files - n_usable} of {n_files} files in '{content.name}' are no usable images. {skipped[0].note.text}",
            "Choose a folder or archive of images (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000)",
        )


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


def _transparency_notes(checks: Sequence[FileCheck]) -> tuple[Note, ...]:
    n_transparent = sum(check.transparent for check in checks)
    if not n_transparent:
        return ()
    text = (
        f"{n_transparent} of {many(len(checks), 'image')} have transparent pixels. The model sees the colours stored "
        "beneath them, as with the loaders of timm and torchvision; where a background is wanted, put them on one first"
    )
    return (Note(code="transparent_images", text=text),)


def _read(content: Content, paths: Sequence[Path], index: int) -> Image.Image:
    """The image at this index; `content` is an argument so that it exists as long as the pool."""
    return open_image(paths[index])
