"""Images -> batches: the data of a recipe, read, checked and split once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.data.images import read_images
from engine.data.parts import Data, Part
from engine.data.pool import SPLIT_NAMES, Pool, SplitName, digest
from engine.data.samples import digits
from engine.data.selection import choose_selection
from engine.data.splits import Rows, assign
from engine.data.synthetic import noise
from engine.results import Note
from engine.settings import DataSource, Preprocess, SampleData, Split

__all__ = ["SPLIT_NAMES", "Data", "Part", "SplitName", "load"]

NO_ROWS = np.empty(0, np.int64)


def load(
    source: DataSource | None,
    split: Split,
    preprocess: Preprocess,
    seed: int,
    *,
    merge_train: bool,
    n_outputs: int | None,
    model_classes: Sequence[str] | None = None,
    work: Path | None = None,
) -> Data:
    """The images of `source`, split. None gives synthetic images without labels.

    The sample's split is fixed. Folders train/val/test of the source decide over `split`: train trains and gives
    calibration its share, val evaluates, test evaluates where there is no val and is the holdout otherwise. They are
    never merged, since a model may well have been trained on train. For other images `merge_train` adds the train share
    to evaluation. A part of the evaluation images may choose in place of reporting: `choose_selection` has the rule.

    `n_outputs` is the model's number of outputs, None where its head will be replaced: a class of the recipe beyond
    them is an error. `model_classes` match labels to outputs by name. A zip is unpacked below `work` (None: the
    system's temporary folder) and removed with the Data. Raises DataError.
    """
    if source is None:
        pool = noise(preprocess, seed)
    elif isinstance(source, SampleData):
        pool = digits()
    else:
        pool = read_images(source, split, preprocess, seed, n_outputs=n_outputs, model_classes=model_classes, work=work)
    rows = pool.rows or assign(pool.names(), len(pool), split, seed, merge_train=merge_train)
    selection, rows = choose_selection({name: rows.get(name, NO_ROWS) for name in SPLIT_NAMES}, pool.hashes)
    return _data(pool, rows, selection, preprocess)


def _data(pool: Pool, rows: Mapping[SplitName, Rows], selection: Rows, preprocess: Preprocess) -> Data:
    parts = {name: _part(pool, rows[name], preprocess) for name in SPLIT_NAMES}
    names = pool.names()
    labels = {name: [""] * len(indices) if names is None else names[indices].tolist() for name, indices in rows.items()}
    content = {name: [part.ids, part.hashes, labels[name]] for name, part in parts.items()}
    evaluation = sorted(zip(parts["evaluation"].hashes, labels["evaluation"], strict=True))
    selection_part = _part(pool, selection, preprocess)
    return Data(
        parts=parts,
        selection=selection_part,
        classes=pool.classes,
        sha256=digest([content, pool.classes, selection_part.ids]),
        evaluation_sha256=digest(evaluation),
        skipped=pool.skipped,
        warnings=(*pool.warnings, *_duplicates(parts)),
        synthetic=pool.synthetic,
    )


def _part(pool: Pool, rows: Rows, preprocess: Preprocess) -> Part:
    return Part(
        ids=tuple(pool.ids[row] for row in rows),
        hashes=tuple(pool.hashes[row] for row in rows),
        labels=None if pool.labels is None else pool.labels[rows],
        preprocess=preprocess,
        read=lambda index: pool.read(int(rows[index])),
    )


def _duplicates(parts: Mapping[SplitName, Part]) -> tuple[Note, ...]:
    """A warning where images that report are copies of images for training or calibration."""
    tuning_hashes = {*parts["train"].hashes, *parts["calibration"].hashes}
    copies = sum(sha256 in tuning_hashes for sha256 in parts["evaluation"].hashes)
    if not copies:
        return ()
    text = f"{copies} evaluation images are byte for byte the same as images for training or calibration"
    return (Note(code="duplicate_images", text=text),)
