"""What a live race shows: where its lanes are, what they answer, and how long a call takes."""

from typing import Literal

from engine.results.base import Result
from engine.settings.live_race import LiveRaceMode

LiveRacePhase = Literal["loading", "ready", "waiting", "racing", "finished", "failed"]


class ClassProbability(Result):
    """A class and how probable a lane finds it."""

    name: str
    probability: float


class LaneAnswer(Result):
    """The likeliest classes of one image, the first is the answer; `is_right` is null without a label.

    `index` is that of the image on the contact sheet, null of a photo.
    """

    classes: tuple[ClassProbability, ...]
    is_right: bool | None = None
    index: int | None = None


class LaneStatus(Result):
    """How far a lane has come. `seconds` run while it computes alone, and by the wall while all compute together.

    `p50_ms` is the median of its last `n_calls` calls of one image, and `images_per_s` what they come to together.
    Of the `n_seen` different images it had `n_right` right, and answered `n_agreeing` of `n_compared` as the baseline
    did. `place` counts from 1 once it has arrived.
    """

    variant_id: str
    label: str
    n_done: int = 0
    seconds: float = 0.0
    images_per_s: float | None = None
    p50_ms: float | None = None
    n_calls: int = 0
    n_seen: int = 0
    n_right: int | None = None
    n_agreeing: int = 0
    n_compared: int = 0
    place: int | None = None
    answer: LaneAnswer | None = None
    options: str = ""


class LiveRaceStatus(Result):
    """Where a live race stands. A lane has arrived at `distance` images, which is `laps` times the track.

    The track are the first `n_track` of the `n_evaluation` images. `waits_for` is the job whose measurement must not
    be disturbed. `message` and `next` say what went wrong.
    """

    phase: LiveRacePhase
    mode: LiveRaceMode = "alone"
    message: str = ""
    next: str = ""
    waits_for: str = ""
    distance: int = 0
    laps: int = 0
    n_track: int = 0
    n_evaluation: int = 0
    images: str = ""
    labelled: bool = False
    n_sheet: int = 0
    lanes: tuple[LaneStatus, ...] = ()


class PhotoLane(Result):
    """What a lane answers of a photo, and the median of its calls."""

    variant_id: str
    answer: LaneAnswer
    p50_ms: float
    n_calls: int


class PhotoAnswer(Result):
    """What every lane answers of one photo."""

    mode: LiveRaceMode
    lanes: tuple[PhotoLane, ...]


class BrowserInputs(Result):
    """Prepared images (N, C, H, W) float32, whose bytes follow, and what the server's lanes answer of them.

    `probabilities` are those of each lane by its id, a row an image. `labels` are outputs, null without labels.
    `refusals` say by id why a file cannot run in a browser; `input_names` and `output_names` are the graph's.
    """

    shape: tuple[int, int, int, int]
    class_names: tuple[str, ...]
    labels: tuple[int, ...] | None
    probabilities: dict[str, tuple[tuple[float, ...], ...]]
    input_names: dict[str, str]
    output_names: dict[str, str]
    refusals: dict[str, str]


class LiveRaceError(Result):
    """An error as a worker sends it; `refused`: what was asked for cannot be had, and nothing has failed."""

    refused: bool
    code: str
    message: str
    next: str


class LiveRaceReply(Result):
    """One message from a worker, with an answer of the kind that was asked for, or an error; `n_bytes` follow it."""

    status: LiveRaceStatus | None = None
    answer: PhotoAnswer | None = None
    inputs: BrowserInputs | None = None
    error: LiveRaceError | None = None
    n_bytes: int = 0
