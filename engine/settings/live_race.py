"""The request to a warm worker: files that race before an audience, and the images that they are asked about."""

from typing import Literal

from engine.settings.base import Settings, setting
from engine.settings.data import DataSource, Preprocess, Split
from engine.settings.target import Target

MOST_LANES = 6
"""So many sessions a worker holds; more can neither be seen from afar nor do they leave each other a core."""
LiveRaceMode = Literal["alone", "together"]
"""alone: one call at a time, so that latencies are those of a call by itself; together: all lanes at once, for show."""


class LiveRaceLane(Settings):
    """One file of a run with the target that it was measured at; `output` is None where its only output is meant."""

    variant_id: str = setting(help="The id of the variant.", pattern=r"^[0-9a-f]{12}$")
    label: str = setting(help="What it is called.")
    file: str = setting(help="Its path.", min_length=1)
    sha256: str = setting(help="What was measured: a file of another sum is refused.")
    output: str | None = setting(None, help="The output that holds the class scores.")
    target: Target


class LiveRaceRequest(Settings):
    """The lanes of a live race, the baseline first, and the run's own images in its own preprocessing.

    `data` are the run's images; without any, the photos that ship. `class_names` are those of the outputs where they
    are known, `evaluation_sha256` says which images the run was judged on, and `n_right` how many of them the baseline
    had right: labels that do not give that number are not the run's.
    """

    lanes: tuple[LiveRaceLane, ...] = setting(help="The files.", min_length=1, max_length=MOST_LANES)
    preprocess: Preprocess
    data: DataSource | None = None
    split: Split = Split()
    seed: int = 0
    merge_train: bool = False
    class_names: tuple[str, ...] | None = None
    evaluation_sha256: str | None = None
    predictions: str | None = setting(None, help="The file of the baseline's answers on the evaluation images.")
    n_right: int | None = None


class LiveRaceAsk(Settings):
    """One message to a worker; `n_bytes` of a photo follow it."""

    verb: Literal["status", "start", "stop", "answer", "sheet", "inputs"]
    mode: LiveRaceMode = "alone"
    most_calls: int = setting(30, help="Calls of each lane for one photo, where it computes alone.", ge=1, le=100)
    n_bytes: int = setting(0, help="The bytes that follow.", ge=0)
