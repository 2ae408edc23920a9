"""Lanes of a live race: a session each, with what its latest calls took and where the lane is."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from engine.errors import RequestError, RunError
from engine.measure.confidence import probabilities
from engine.results.live_race import ClassProbability
from engine.runtimes import Session, open_session, resolve_target
from engine.settings.live_race import LiveRaceLane
from engine.settings.model import METADATA_KEY
from engine.tasks import resized

LATEST_CALLS = 1000
"""So many calls the median and the images per second are of."""
BEST_CLASSES = 3
UNANSWERED = -1


@dataclass(eq=False)
class Lane:
    """One file at its target.

    `ms` are of the race's own calls; `answers` (n_track,) are its classes, UNANSWERED where it was not asked yet.
    """

    settings: LiveRaceLane
    session: Session
    proto: onnx.ModelProto
    output: str
    batch: int
    ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST_CALLS))
    answers: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    n_done: int = 0
    seconds: float = 0.0
    place: int | None = None
    shown: tuple[int, NDArray[np.float32]] | None = None
    """The index and the scores of the latest image that is on the contact sheet."""

    def call(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """(1, C, H, W) -> scores (classes,), and the milliseconds of the call. Raises RunError as the runtime does."""
        began = time.perf_counter()
        outputs = self.session(image)
        ms = 1000 * (time.perf_counter() - began)
        return scores_of(outputs[self.output]), ms

    def fitted(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, C, H, W) as often as the graph takes images in a call, whose number may be fixed."""
        return np.asarray(resized(image, self.batch)) if self.batch > 1 else image

    def reset(self, n_track: int) -> None:
        """Puts the lane back to the start."""
        self.ms.clear()
        self.answers = np.full(n_track, UNANSWERED, np.int64)
        self.n_done, self.seconds, self.place, self.shown = 0, 0.0, None, None

    @property
    def images_per_s(self) -> float | None:
        latest = list(self.ms)
        return 1000 * len(latest) / sum(latest) if latest else None

    @property
    def p50_ms(self) -> float | None:
        latest = list(self.ms)
        return float(np.median(latest)) if latest else None


def open_lanes(lanes: Sequence[LiveRaceLane], stack: ExitStack) -> list[Lane]:
    """Lanes whose sessions are open for as long as `stack`.

    Raises RequestError where a file is not the one that was measured, TargetError and RunError as `open_session`.
    """
    return [_open(lane, stack) for lane in lanes]


def _open(lane: LiveRaceLane, stack: ExitStack) -> Lane:
    path = Path(lane.file)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != lane.sha256:
            raise RequestError(
                f"the file of '{lane.label}' has changed: its SHA-256 is another", "Run the recipe again"
            )
    proto = onnx.load(path, load_external_data=False)
    output = lane.output or proto.graph.output[0].name
    target = resolve_target(lane.target).for_answers
    session = stack.enter_context(open_session(path, target, output_names=[output]))
    dims = graph_input(proto).type.tensor_type.shape.dim
    return Lane(settings=lane, session=session, proto=proto, output=output, batch=max(1, dims[0].dim_value))


def graph_input(proto: onnx.ModelProto) -> onnx.ValueInfoProto:
    """The graph's first input that is no weight."""
    weights = {weight.name for weight in proto.graph.initializer}
    values: list[onnx.ValueInfoProto] = [value for value in proto.graph.input if value.name not in weights]
    return values[0]


def class_names(proto: onnx.ModelProto) -> tuple[str, ...] | None:
    """The names of the classes that a file of this project has in its metadata."""
    text = next((entry.value for entry in proto.metadata_props if entry.key == METADATA_KEY), "{}")
    try:
        names = json.loads(text).get("classes")
    except (ValueError, AttributeError):  # a stranger's entry of that name
        return None
    return tuple(map(str, names)) if isinstance(names, list) else None


def scores_of(output: NDArray[np.generic]) -> NDArray[np.float32]:
    """(classes,) of the first image. Raises RunError where the output is no list of scores an image."""
    scores = np.asarray(output, np.float32)
    rows = scores.reshape(len(scores), -1) if scores.ndim > 1 else scores.reshape(1, -1)
    if scores.ndim not in (2, 4) or rows.shape[1] < 2 or rows.shape[1] != max(scores.shape[1:]):
        raise RunError(
            f"the model's output has the shape {scores.shape}, which is no score for each class",
            "Choose the run of a classifier",
        )
    first: NDArray[np.float32] = rows[0]
    return first


def best_classes(scores: NDArray[np.float32], names: Sequence[str]) -> tuple[ClassProbability, ...]:
    """The likeliest classes of one image with their probabilities, the first is the answer."""
    shares = probabilities(scores[None])[0]
    best = np.argsort(-shares, kind="stable")[:BEST_CLASSES]
    return tuple(ClassProbability(name=names[index], probability=float(shares[index])) for index in best)
