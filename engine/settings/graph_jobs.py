"""The requests of analyses of the graphs of a run's files: side by side, where time goes, and as a runtime makes it."""

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


class GraphsRequest(Settings):
    """The request to put the graphs of two files side by side, node by node; the result is a GraphComparison.

    `input_shape` are the axes of the input after the batch, where a file leaves some open.
    """

    kind: Literal["graphs"] = "graphs"
    baseline: FileModel
    model: FileModel
    input_shape: tuple[int, ...] | None = None


class SaveOptimizedRequest(Settings):
    """The request to save the graph that onnxruntime makes of a file for this processor; an OptimizedGraph."""

    kind: Literal["save_optimized"] = "save_optimized"
    model: FileModel
    preprocess: Preprocess | None = None
    target: Target = Target()
