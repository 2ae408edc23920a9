"""The track of a live race: a run's evaluation images, or the photos that ship, prepared before any lane starts."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import data as images
from engine.data import Part, imagenet
from engine.data.pictures import picture
from engine.errors import DataError
from engine.settings import SampleData
from engine.settings.live_race import LiveRaceRequest
from engine.store.cache import Cache
from engine.store.home import Home

COURSE_BYTES = 300_000_000
"""Memory of the prepared images; of 224 x 224 px they are 500."""
RACE_SECONDS = 8.0
"""About how long the baseline takes to its finish line: long enough to look at, short enough to wait for."""
MOST_LAPS = 500
SHEET_SIDE, SHEET_EDGE = 8, 64
"""The contact sheet has so many images a row and rows, each so many pixels wide and high."""


@dataclass(frozen=True, eq=False)
class Track:
    """Images (1, C, H, W) float32 each, in order; `labels` are outputs, None without. A lane arrives at `distance`."""

    inputs: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64] | None
    laps: int
    n_evaluation: int
    title: str
    sheet: bytes

    @property
    def distance(self) -> int:
        return self.laps * len(self.inputs)

    @property
    def step(self) -> int:
        """Every so many images of the track one is on the contact sheet."""
        return sheet_step(len(self.inputs))

    @property
    def n_sheet(self) -> int:
        return len(range(0, len(self.inputs), self.step))


def load_track(request: LiveRaceRequest, n_outputs: int, call_seconds: float, work: Path) -> Track:
    """As many images as the baseline answers in RACE_SECONDS at `call_seconds` each, several times where they are few.

    Raises DataError where the images or their labels are not those that the run had.
    """
    part = _part(request, n_outputs, work)
    n_wanted = max(SHEET_SIDE, math.ceil(RACE_SECONDS / call_seconds))
    channels, (height, width) = len(request.preprocess.mean), request.preprocess.size
    n_track = min(len(part), n_wanted, max(SHEET_SIDE, COURSE_BYTES // (4 * channels * height * width)))
    labels = None if part.labels is None else _checked_labels(request, part)
    return Track(
        inputs=tuple(np.ascontiguousarray(batch) for batch in part.batches(1, n_track)),
        labels=None if labels is None else labels[:n_track],
        laps=min(MOST_LAPS, max(1, round(n_wanted / n_track))),
        n_evaluation=len(part),
        title="evaluation images" if request.data is not None else "photos that ship with Featherweight",
        sheet=_sheet(part, range(0, n_track, sheet_step(n_track))),
    )


def output_names(request: LiveRaceRequest, own: Sequence[str] | None, n_outputs: int) -> tuple[str, ...]:
    """The name of every output: those of the run, the file's own, ImageNet's for its number, else numbers."""
    for names in (request.class_names, own):
        if names is not None and len(names) == n_outputs:
            return tuple(names)
    if n_outputs == imagenet.N_CLASSES:
        return tuple(name.split(",")[0] for name in imagenet.class_names())
    return tuple(f"class {number}" for number in range(n_outputs))


def _part(request: LiveRaceRequest, n_outputs: int, work: Path) -> Part:
    data = images.load(
        request.data if request.data is not None else SampleData(name="photos"),
        request.split,
        request.preprocess,
        request.seed,
        merge_train=request.merge_train,
        n_outputs=n_outputs,
        model_classes=request.class_names,
        work=work,
        cache=Cache(Home.default().cache),
    )
    if request.evaluation_sha256 not in (None, data.evaluation_sha256):
        raise DataError("the images or their labels are not those that the run had", "Run its recipe again")
    return data.images("evaluation")


def _checked_labels(request: LiveRaceRequest, part: Part) -> NDArray[np.int64] | None:
    """The labels as outputs; None where the run did not say how many of them its baseline had right.

    Raises DataError where that is another number: then they stand for other outputs than in the run.
    """
    if request.predictions is None or request.n_right is None or part.labels is None:
        return None
    with np.load(request.predictions) as file:
        ids, logits = [str(id) for id in file["ids"]], file.get("logits")
    if logits is None or ids != list(part.ids):
        return None
    if int((logits.argmax(axis=1) == part.labels).sum()) != request.n_right:
        raise DataError("the labels stand for other outputs than those that the run had", "Run its recipe again")
    return part.labels


def sheet_step(n_track: int) -> int:
    """The smallest step at which the contact sheet has room for the images of a track."""
    return max(1, math.ceil(n_track / SHEET_SIDE**2))


def _sheet(part: Part, indices: Sequence[int]) -> bytes:
    """A PNG file with these images as the models see them, SHEET_SIDE a row."""
    rows = math.ceil(len(indices) / SHEET_SIDE)
    sheet = Image.new("RGB", (SHEET_SIDE * SHEET_EDGE, rows * SHEET_EDGE))
    for place, index in enumerate(indices):
        thumb = picture(part.pixels(index), blue_first=part.preprocess.channels == "bgr").convert("RGB")
        spot = (place % SHEET_SIDE * SHEET_EDGE, place // SHEET_SIDE * SHEET_EDGE)
        sheet.paste(thumb.resize((SHEET_EDGE, SHEET_EDGE)), spot)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
