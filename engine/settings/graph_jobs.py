"""The requests of analyses of what a runtime makes of a file's graph: where its time goes, and the graph itself."""

from typing import Literal

from engine.settings.base import Settings
from engine.settings.data import Preprocess
from engine.settings.model import FileModel
from engine.settings.target import Target


class TimeProfileRequest(Settings):
    """The request to profile a call of two files, operator by operator; the result is a TimeProfile.

    `preprocess` is that of both, for their input's size where a file leaves it open.
    """

    kind: Literal["time_profile"] = "time_profile"
    baseline: FileModel
    model: FileModel
    preprocess: Preprocess | None = None
    target: Target = Target()


class SaveOptimizedRequest(Settings):
    """The request to save the graph that onnxruntime makes of a file for this processor; an OptimizedGraph."""

    kind: Literal["save_optimized"] = "save_optimized"
    model: FileModel
    preprocess: Preprocess | None = None
    target: Target = Target()
