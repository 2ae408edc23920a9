"""Images or arrays -> batches: the data of a recipe, read, checked and split once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.arrays import read_arrays
from engine.data.copies import without_copies
from engine.data.images import read_images
from engine.data.parts import ArrayPart, Data, Examples, Part, files_at, first_batch, full_batch
from engine.data.pool import SPLIT_NAMES, ArrayPool, ImagePool, SplitName, digest
from engine.data.reading import ReadProgress, no_read_progress, within
from engine.data.samples import digits, photos
from engine.data.selection import choose_selection
from engine.data.skipped import OnSkipped, ignore_skipped
from engine.data.splits import Rows, assign
from engine.data.synthetic import from_statistics, noise
from engine.data.synthetic_inputs import synthetic_inputs
from engine.errors import DataError
from engine.results import Note, TensorSpec, codes
from engine.settings import ArraysData, DataSource, ImagesData, Preprocess, SampleData, Split
from engine.store.cache import Cache
from engine.wording import many

__all__ = [
    "SPLIT_NAMES",
    "ArrayPart",
    "Data",
    "Examples",
    "Part",
    "ReadProgress",
    "SplitName",
    "first_batch",
    "full_batch",
    "load",
    "outputs_to_match",
    "within",
]

NO_ROWS = np.empty(0, np.int64)
READ = 0.6
"""The share of loading that is done when all images are read, where they are then compared with one another."""
FEW = 30
"""Where all of fewer examples reported, a share of them would be known to ±17 points at best."""


def load(
    source: DataSource | None,
    split: Split,
    preprocess: Preprocess | None,
    seed: int,
    *,
    merge_train: bool,
    n_outputs: int | None,
    model_classes: Sequence[str] | None = None,
    work: Path | None = None,
    inputs: tuple[TensorSpec, ...] = (),
    made: tuple[NDArray[np.uint8], float] | None = None,
    cache: Cache | None = None,
    on_progress: ReadProgress = no_read_progress,
    on_skipped: OnSkipped = ignore_skipped,
) -> Data:
    """The images or arrays of `source`, split. None gives synthetic ones without labels.

    `preprocess` is None for a model that takes no images: it gets arrays, for its `inputs`. Arrays for a model of
    images are prepared already, and fit its `inputs` as they are.

    A sample's split is fixed. Folders that are named train, val or test decide over `split`: train trains and gives
    calibration its share, val evaluates, test evaluates where there is no val and is the holdout otherwise. They are
    never merged, since a model may well have been trained on train. For other data `merge_train` adds the train share
    to evaluation. Of images, the copies that `source.leave_out` names leave evaluation and holdout. A part of the
    evaluation examples may choose in place of reporting: `choose_selection` has the rule.

    `made` are the images in place of noise where there is no source, as `from_statistics` takes them.

    `n_outputs` is the model's number of outputs, None where its head will be replaced: a class of the recipe or a label
    beyond them is an error. `model_classes` match labels to outputs by name. An archive is unpacked below `work` (None:
    the system's temporary folder) and removed with the Data.

    `cache` keeps what each image file was found to be, so that the next call reads only files that are new or were
    changed. `on_progress` is told of listing, unpacking, reading and comparing, `on_skipped` once of all files that
    were left out. Raises DataError.
    """
    if isinstance(source, ArraysData):
        pool: ImagePool | ArrayPool = _arrays(source, inputs, n_outputs, model_classes, work)
    elif preprocess is None:
        pool = _synthetic_inputs(source, inputs, seed)
    elif source is None:
        pool = noise(preprocess, seed) if made is None else from_statistics(*made)
    elif isinstance(source, SampleData):
        pool = digits() if source.name == "digits" else photos()
    else:
        compares = source.leave_out == "near_duplicates"
        pool = read_images(
            source,
            split,
            preprocess,
            seed,
            n_outputs=n_outputs,
            model_classes=model_classes,
            work=work,
            cache=cache,
            on_progress=within(on_progress, 0.0, READ if compares else 1.0),
            on_skipped=on_skipped,
        )
    rows = pool.rows or assign(pool.names(), len(pool), split, seed, merge_train=merge_train)
    rows = {name: rows.get(name, NO_ROWS) for name in SPLIT_NAMES}
    notes, n_left_out = pool.warnings, 0
    if isinstance(source, ImagesData) and isinstance(pool, ImagePool):
        comparing = within(on_progress, READ, 1.0)
        rows, copy_notes, n_left_out = without_copies(pool, rows, source.leave_out, comparing)
        notes = (*notes, *copy_notes)
    selection, rows = choose_selection(rows, pool.hashes)
    data = _data(pool, rows, selection, preprocess)
    return replace(data, warnings=(*notes, *_few_examples(pool, data.parts), *_leak_notes(data)), n_left_out=n_left_out)


def outputs_to_match(source: DataSource | None, n_outputs: int) -> int | None:
    """`n_outputs` for `load` where nothing is run yet: None where the recipe names the classes of images, so that one
    beyond the outputs is no error, since a new head may be made for it."""
    return None if isinstance(source, ImagesData) and source.classes is not None else n_outputs


def _arrays(
    source: ArraysData,
    inputs: tuple[TensorSpec, ...],
    n_outputs: int | None,
    model_classes: Sequence[str] | None,
    work: Path | None,
) -> ArrayPool:
    if not inputs:
        raise DataError("the data is arrays, and the model takes images", "Give images (data.kind: images)")
    return read_arrays(source, inputs, n_outputs=n_outputs, model_classes=model_classes, work=work)


def _synthetic_inputs(source: DataSource | None, inputs: tuple[TensorSpec, ...], seed: int) -> ArrayPool:
    """Raises DataError for images, which a model of other inputs does not take."""
    if source is not None:
        names = ", ".join(spec.declaration for spec in inputs)
        raise DataError(
            f"the model takes no images: its inputs are {names}",
            "Give an .npz with one array an input (data.kind: arrays), or no data (data: null) for synthetic inputs",
        )
    return synthetic_inputs(inputs, seed)


def _data(
    pool: ImagePool | ArrayPool, rows: Mapping[SplitName, Rows], selection: Rows, preprocess: Preprocess | None
) -> Data:
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
        label_outputs=pool.outputs or {name: index for index, name in enumerate(pool.classes or ())},
        skipped=pool.skipped,
        label_file=pool.label_file,
        synthetic=pool.synthetic,
        folders=pool.folders,
    )


def _part(pool: ImagePool | ArrayPool, rows: Rows, preprocess: Preprocess | None) -> Examples:
    ids, hashes = tuple(pool.ids[row] for row in rows), tuple(pool.hashes[row] for row in rows)
    labels = None if pool.labels is None else pool.labels[rows]
    if isinstance(pool, ArrayPool):
        return ArrayPart(
            ids=ids,
            hashes=hashes,
            labels=labels,
            read=lambda index: pool.read(int(rows[index])),
            constants=pool.constants,
        )
    if preprocess is None:
        raise TypeError("images need a preprocessing")
    return Part(
        ids=ids,
        hashes=hashes,
        labels=labels,
        preprocess=preprocess,
        read=lambda index: pool.read(int(rows[index])),
        array=None if pool.pixels is None else pool.pixels[rows],
        file=files_at(pool.file, lambda index: int(rows[index])),
    )


def _few_examples(pool: ImagePool | ArrayPool, parts: Mapping[SplitName, Examples]) -> tuple[Note, ...]:
    """A warning where there are so few examples in all that hardly any loss of accuracy could be seen."""
    if pool.synthetic or len(pool) >= FEW:
        return ()
    noun, n_evaluation = parts["evaluation"].noun, len(parts["evaluation"])
    few, hundred, thousand = (f"±{_widest_interval(n):.0f} points" for n in (n_evaluation, 100, 1000))
    text = (
        f"Little can be said from {many(len(pool), noun)} in all: with {many(n_evaluation, noun)} for evaluation, "
        f"accuracy or agreement is known to {few} at best, with 100 to {hundred}, with 1,000 to {thousand}. Sizes and "
        "latencies are as good as ever"
    )
    return (Note(code=codes.FEW_IMAGES, text=text),)


def _widest_interval(n: int) -> float:
    """Points each way of the 95 % interval of a share of `n` answers where half are right, which is the widest.

    Wilson, JASA 1927, with z = 1.96: z / sqrt(n + z^2) / 2 of a share.
    """
    return 98 / math.sqrt(n + 1.96**2)


def _leak_notes(data: Data) -> tuple[Note, ...]:
    """A warning where examples that report are copies of some for training or calibration."""
    if not data.n_leaked:
        return ()
    noun = data.parts["evaluation"].noun
    verb = "is" if data.n_leaked == 1 else "are"
    text = (
        f"{many(data.n_leaked, f'evaluation {noun}')} {verb} byte for byte the same as {noun}s for training or "
        "calibration, so the accuracy on them says little about new ones"
    )
    return (Note(code=codes.DUPLICATE_IMAGES, text=text),)
