"""The context of a step that trains, and of one that has a teacher."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.context import Model, StepContext
from engine.models.artifacts import OnnxModel, TorchModel


@dataclass(frozen=True, kw_only=True)
class TrainingContext(StepContext):
    """What a step that trains needs."""

    shared: Path
    """A folder of the whole run for files that several steps share (decoded images); it is removed with the run."""
    checkpoint: Path | None
    """The file for the state of a training, or None. It survives this process and is removed when the step ends."""


@dataclass(frozen=True, kw_only=True)
class TeacherContext(TrainingContext):
    """What a step that trains on a teacher's answers needs."""

    baseline_model: Model | None
    """The run's baseline, before its export where it was a torch model; None where it is the step's own model."""
    export: Callable[[TorchModel], OnnxModel]
    """The ONNX file of a torch model, made once."""
    cache: Callable[[str, Callable[[Path], None]], Path]
    """The cache folder of a key, filled by the function where it does not exist yet."""
