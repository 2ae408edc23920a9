"""Data, split into parts; examples are read when they are used, so memory does not grow with their number."""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.pool import SPLIT_NAMES, Example, SkippedFile, SplitName, digest
from engine.data.preprocess import normalise, to_pixels
from engine.errors import DataError, LimitError
from engine.results import DataSummary, FolderReading, LabelFile, Note, codes
from engine.settings import Preprocess
from engine.system.machine import cores
from engine.tasks import Inputs, resized

THREADS = min(8, cores())
N_NAMED_SKIPPED = 50
_DECODE_BATCH = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The images of one split in a fixed order (every prefix is as stratified as the whole).

    `labels` is (N,) int64; `array` is (N, H, W, C) uint8 where the pixels have been decoded by `cached`. `file(index)`
    is where an image lies as a file; None where they are no files.
    """

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    labels: NDArray[np.int64] | None
    preprocess: Preprocess
    read: Callable[[int], Image.Image]
    array: NDArray[np.uint8] | None = None
    file: Callable[[int], Path] | None = None

    noun = "image"

    def __len__(self) -> int:
        return len(self.ids)

    def raw(self, index: int) -> Image.Image:
        """The image as its file has it. Raises DataError where its file is gone or was changed."""
        return self.read(index)

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """(H, W, C) uint8: resized and cropped, channels in the model's order, not normalised."""
        if self.array is not None:
            row: NDArray[np.uint8] = self.array[index]
            return row
        return to_pixels(self.read(index), self._settings)

    def span(self, start: int, stop: int) -> "Part":
        """The images from `start` up to `stop` as a part of their own."""
        return replace(
            self,
            ids=self.ids[start:stop],
            hashes=self.hashes[start:stop],
            labels=None if self.labels is None else self.labels[start:stop],
            read=lambda index: self.read(start + index),
            array=None if self.array is None else self.array[start:stop],
            file=files_at(self.file, lambda index: start + index),
        )

    def batches(self, size: int, limit: int | None = None) -> Iterator[NDArray[np.float32]]:
        """(n, C, H, W) float32, normalised, n = `size` but for the last, in order, at most `limit` images in all."""
        count = len(self) if limit is None else min(limit, len(self))
        if self.array is not None:
            for start in range(0, count, size):
                yield normalise(self.array[start : min(start + size, count)], self._settings)
            return
        with ThreadPoolExecutor(THREADS) as threads:

            def submit(start: int) -> list[Future[NDArray[np.float32]]]:
                return [threads.submit(self._prepared, index) for index in range(start, min(start + size, count))]

            following = submit(0)
            for start in range(0, count, size):
                # One batch ahead, so that no thread is idle while this one is in use.
                current, following = following, submit(start + size)
                yield np.stack([future.result() for future in current])

    def _prepared(self, index: int) -> NDArray[np.float32]:
        """(C, H, W) float32."""
        return normalise(self.pixels(index), self._settings)

    def cached(self, folder: Path) -> "Part":
        """The same part with all pixels decoded once into a file in `folder` and mapped from there.

        A file that an earlier call wrote there is used again. Raises LimitError where the disk is full.
        """
        if len(self) == 0 or self.array is not None:
            return self
        path = folder / f"pixels-{digest([self.hashes, self._settings])[:16]}.npy"
        if not path.exists():
            _write_array(path, len(self), self._decoded(len(self)))
        return replace(self, array=np.load(path, mmap_mode="r"))

    def _decoded(self, count: int) -> Iterator[NDArray[np.uint8]]:
        if self.array is not None:
            yield from self.array[:count]
            return
        with ThreadPoolExecutor(THREADS) as threads:
            for start in range(0, count, _DECODE_BATCH):
                yield from threads.map(self.pixels, range(start, min(start + _DECODE_BATCH, count)))

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return self.preprocess.model_dump()


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayPart:
    """The examples of one split of a model that takes no images, in a fixed order as in `Part`.

    `read(index)` gives an example: an array an input, without the axis of examples; `constants` are the inputs that
    have none, for every call. `labels` is (N,) int64.
    """

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    labels: NDArray[np.int64] | None
    read: Callable[[int], Example]
    constants: Example
    noun = "example"

    def __len__(self) -> int:
        return len(self.ids)

    def span(self, start: int, stop: int) -> "ArrayPart":
        """The examples from `start` up to `stop` as a part of their own."""
        return replace(
            self,
            ids=self.ids[start:stop],
            hashes=self.hashes[start:stop],
            labels=None if self.labels is None else self.labels[start:stop],
            read=lambda index: self.read(start + index),
        )

    def batches(self, size: int, limit: int | None = None) -> Iterator[Example]:
        """Inputs by name, (n, ...) with n = `size` but for the last, in order, at most `limit` examples in all.

        Those without an axis of examples come last and stay whole.
        """
        count = len(self) if limit is None else min(limit, len(self))
        for start in range(0, count, size):
            rows = [self.read(index) for index in range(start, min(start + size, count))]
            yield {name: np.stack([row[name] for row in rows]) for name in rows[0]} | dict(self.constants)

    def cached(self, folder: Path) -> "ArrayPart":
        """The part itself: its examples are prepared already."""
        return self


Examples = Part | ArrayPart


def first_batch(part: Examples, size: int) -> Inputs:
    """The first `size` examples of a part that has any, or all where there are fewer, as one call takes them."""
    batches: Iterator[Inputs] = part.batches(size, size)
    return next(batches)


def full_batch(part: Examples, size: int) -> Inputs:
    """The first `size` examples of a part, the same ones again and again where there are fewer."""
    return resized(first_batch(part, size), size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """The images of a recipe, or its arrays. `classes` are in the order of the outputs; `synthetic` data is noise.

    `label_outputs` are the labels as their source names them, sorted, with the output of each; empty without labels.

    `selection` are the images that choose among variants and report nothing; it shares images with the calibration
    split and the holdout, and none with the evaluation split, which reports. `sha256` addresses content, labels, split
    and selection; `evaluation_sha256` the evaluation images and their labels alone. `label_file` says how one was read.
    """

    parts: Mapping[SplitName, Examples]
    selection: Examples
    classes: tuple[str, ...] | None
    sha256: str
    evaluation_sha256: str
    label_outputs: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[SkippedFile, ...] = ()
    label_file: LabelFile | None = None
    warnings: tuple[Note, ...] = ()
    synthetic: bool = False
    folders: FolderReading | None = None
    n_left_out: int = 0
    """How many copies of images for training or calibration were left out of evaluation and holdout."""

    @property
    def labelled(self) -> bool:
        return self.classes is not None

    def split(self, name: SplitName) -> Examples:
        return self.parts[name]

    @property
    def has_images(self) -> bool:
        """Whether there are real images, and neither arrays nor noise."""
        return isinstance(self.selection, Part) and not self.synthetic

    def images(self, name: SplitName) -> Part:
        """The images of a split, for what needs pixels. Raises DataError where the data is arrays."""
        part = self.parts[name]
        if isinstance(part, ArrayPart):
            raise DataError(
                "the data is arrays, and this needs images", "Leave the step out, or give images (data.kind: images)"
            )
        return part

    def first_images(self, n: int) -> NDArray[np.float32]:
        """(n, C, H, W) at most: the first of evaluation, for a network of images; they may come as its one array."""
        batch = first_batch(self.parts["evaluation"], n)
        return batch if isinstance(batch, np.ndarray) else np.asarray(next(iter(batch.values())), np.float32)

    @property
    def given_by_evaluation(self) -> NDArray[np.int64]:
        """Indices of the selection's images that are in no split, since evaluation gave them."""
        elsewhere = {id for part in self.parts.values() for id in part.ids}
        return np.array([index for index, id in enumerate(self.selection.ids) if id not in elsewhere], np.int64)

    @property
    def n_leaked(self) -> int:
        """How many examples that report are byte for byte the same as some for training or calibration."""
        tuning_hashes = {*self.parts["train"].hashes, *self.parts["calibration"].hashes}
        return sum(sha256 in tuning_hashes for sha256 in self.parts["evaluation"].hashes)

    @property
    def unreported(self) -> Examples:
        """Images to check or time a model with: the calibration split, else the selection.

        The evaluation split where there are neither, which needs fewer than three images in all.
        """
        parts = (self.parts["calibration"], self.selection, self.parts["evaluation"])
        return next((part for part in parts if len(part)), parts[-1])

    @property
    def named_skipped(self) -> tuple[Note, ...]:
        """A note for each of the first images that were left out, and one for the rest of them.

        Their codes are IMAGE_SKIPPED and IMAGE_SKIPPED_MORE, by which a page folds them into one sentence.
        """
        notes = tuple(file.note for file in self.skipped[:N_NAMED_SKIPPED])
        if len(self.skipped) <= N_NAMED_SKIPPED:
            return notes
        more = Note(
            code=codes.IMAGE_SKIPPED_MORE, text=f"{len(self.skipped) - N_NAMED_SKIPPED} more images were left out"
        )
        return (*notes, more)

    def head_fits(self, n_outputs: int) -> bool:
        """Whether a model of this many outputs can be judged on these classes; always without labels."""
        return self.classes is None or len(self.classes) == n_outputs

    def summary(self) -> DataSummary:
        counts = {f"n_{name}": len(self.parts[name]) for name in SPLIT_NAMES}
        return DataSummary(
            **counts,
            n_selection=len(self.selection),
            n_selection_given=len(self.given_by_evaluation),
            n_skipped=len(self.skipped),
            classes=self.classes,
            evaluation_sha256=self.evaluation_sha256,
            n_leaked=self.n_leaked,
            n_left_out=self.n_left_out,
        )


def files_at(file: Callable[[int], Path] | None, position: Callable[[int], int]) -> Callable[[int], Path] | None:
    """The same files, counted otherwise: `position` is where each is among them; None where there are no files."""
    return None if file is None else lambda index: file(position(index))


def _write_array(path: Path, count: int, rows: Iterator[NDArray[np.uint8]]) -> None:
    """Written through a file, not a map: on a full disk a write fails where a map kills the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    first = next(rows)
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *first.shape)}
    try:
        with partial.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for row in itertools.chain([first], rows):
                file.write(row.tobytes())
            file.flush()
            os.fsync(file.fileno())  # or the system would write while latencies are measured
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise LimitError(
            f"the decoded images of {count * first.size / 1e6:.0f} MB cannot be written: {error.strerror}",
            "Free some disk space, or use fewer images",
        ) from error
