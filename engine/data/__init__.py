"""Images -> batches: what a recipe calls its data, found, checked and split once."""

import numpy as np

from engine.data.parts import Data, Part
from engine.data.pool import SPLIT_NAMES, Pool, SplitName, digest
from engine.data.samples import digits
from engine.data.splits import Rows, arrange, assign
from engine.data.synthetic import noise
from engine.errors import DataError
from engine.settings import DataSource, Preprocess, SampleData, Split

__all__ = ["Data", "Part", "SplitName", "load"]


def load(
    source: DataSource | None,
    split: Split,
    preprocess: Preprocess,
    seed: int,
    *,
    merge_train: bool,
    n_outputs: int | None,
) -> Data:
    """The images of `source`, split. None gives synthetic images without labels."""
    if source is None:
        return _data(noise(preprocess, seed), preprocess, split, seed, merge_train)
    if isinstance(source, SampleData):
        return _data(digits(), preprocess, split, seed, merge_train)
    raise DataError(f"data of kind {source.kind} cannot be read yet", "Use the sample")


def _data(pool: Pool, preprocess: Preprocess, split: Split, seed: int, merge_train: bool) -> Data:
    if pool.rows is None:
        rows = assign(pool.labels, len(pool), split, seed, merge_train=merge_train)
    else:
        rows = {name: pool.rows.get(name, np.empty(0, np.int64)) for name in SPLIT_NAMES}
    parts = {name: _part(pool, rows[name], preprocess) for name in SPLIT_NAMES}
    listed = {name: [(part.ids, part.hashes, _names(pool, rows[name]))] for name, part in parts.items()}
    evaluation = sorted(zip(parts["evaluation"].hashes, _names(pool, rows["evaluation"]), strict=True))
    return Data(
        parts=parts,
        classes=pool.classes,
        sha256=digest([listed, pool.classes]),
        evaluation_sha256=digest(evaluation),
        skipped=pool.skipped,
        warnings=pool.warnings,
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


def _names(pool: Pool, rows: Rows) -> list[str]:
    """The label of each row by name, so that the order of the classes does not matter; empty without labels."""
    if pool.labels is None or pool.classes is None:
        return [""] * len(rows)
    return [pool.classes[label] for label in pool.labels[rows]]
