"""The few examples by which a deployment bundle proves itself: what the graph takes, and of images their files."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.decode import HEIF
from engine.data.parts import ArrayPart, Examples, Part, first_batch
from engine.data.preprocess import prepare
from engine.errors import DataError
from engine.results import TensorSpec
from engine.runtimes.feed import feed, graph_inputs

N_GOLDEN, MOST_LOOKED_AT = 8, 64
MOST_BYTES = 2_000_000
"""Larger image files are passed over where there are others: a bundle is downloaded."""


@dataclass(frozen=True)
class GoldenImage:
    """An image file of the examples; `original` where its bytes are those that the run read, else it was made here."""

    name: str
    content: bytes
    original: bool


@dataclass(frozen=True)
class GoldenExamples:
    """`inputs` are the arrays that the graph takes, (n, ...) each, whole where they have no axis of examples.

    `images` are the files of the examples, in their order; none where the examples are arrays.
    """

    n: int
    inputs: Mapping[str, NDArray[np.generic]]
    images: tuple[GoldenImage, ...]

    def calls(self, specs: tuple[TensorSpec, ...], batch: int | None) -> Iterator[dict[str, NDArray[np.generic]]]:
        """The arrays of each call: an example a call, or `batch` of them, from the first one on again at the end."""
        batched = {spec.name for spec in specs if spec.batched}
        for start in range(0, self.n, batch or 1):
            rows = np.arange(start, start + (batch or 1)) % self.n
            yield {name: values[rows] if name in batched else values for name, values in self.inputs.items()}


def golden_examples(part: Examples, specs: tuple[TensorSpec, ...]) -> GoldenExamples:
    """The first examples of a part, for a graph with these inputs. Raises DataError where there are none."""
    if len(part) == 0:
        raise DataError("there are no evaluation examples to put into the bundle", "Take made-up ones (golden: noise)")
    if isinstance(part, ArrayPart):
        arrays = first_batch(part, N_GOLDEN)
        if not isinstance(arrays, Mapping):
            raise TypeError("a part of arrays gives arrays by name")
        return GoldenExamples(min(N_GOLDEN, len(part)), dict(arrays), ())
    rows, settings = _rows(part), part.preprocess.model_dump()
    prepared = np.stack([prepare(part.raw(row), settings) for row in rows])
    ((name, values),) = feed(graph_inputs(specs))(prepared).items()
    images = tuple(_image(part, row, number) for number, row in enumerate(rows))
    return GoldenExamples(len(rows), {name: values}, images)


def _rows(part: Part) -> list[int]:
    """The first images whose files are small enough; where there are none, the smallest one."""
    looked_at = range(min(len(part), MOST_LOOKED_AT))
    if part.file is None:
        return list(looked_at[:N_GOLDEN])
    sizes = [part.file(row).stat().st_size for row in looked_at]
    small = [row for row in looked_at if sizes[row] <= MOST_BYTES]
    return small[:N_GOLDEN] or [int(np.argmin(sizes))]


def _image(part: Part, row: int, number: int) -> GoldenImage:
    """The image's own file, under a name that tells nothing.

    A PNG of its pixels where it is none, or one of HEIC, which Pillow alone does not read.
    """
    if part.file is not None and part.raw(row).format != HEIF:
        path = part.file(row)
        return GoldenImage(f"golden/{number:02d}{path.suffix.lower()}", path.read_bytes(), True)
    buffer = io.BytesIO()
    part.raw(row).save(buffer, "PNG")
    return GoldenImage(f"golden/{number:02d}.png", buffer.getvalue(), False)
