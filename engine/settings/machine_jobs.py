"""The requests of the jobs that say what this machine can do, and how close models come to it."""

from typing import Literal, Self

from pydantic import model_validator

from engine.settings.base import Settings, setting
from engine.settings.model import ModelSource
from engine.settings.target import Target


class PeaksRequest(Settings):
    """The request to measure how fast this machine computes by data type, and its memory; the result is a Peaks."""

    kind: Literal["peaks"] = "peaks"
    threads: int | None = setting(
        None,
        label="Threads",
        help="Threads that compute; the cores that this process may use if empty.",
        ge=1,
        le=1024,
    )


class WorkloadRequest(Settings):
    """The request to count what models compute and move in a call; the result is a Workloads.

    Of a finished run all variants, whose latencies are in its report: `folder` is the run's, as an absolute path, and
    `report_sha256` the sum of that report, which is another once its latencies were measured again. Of a `model` its
    ONNX file, which is timed at `target`.
    """

    kind: Literal["workload"] = "workload"
    folder: str | None = None
    report_sha256: str | None = None
    model: ModelSource | None = None
    target: Target = Target()

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.folder is None) == (self.model is None):
            raise ValueError("a workload is that of the folder of a run, or that of a model: name one of them")
        return self
