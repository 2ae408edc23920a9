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
    """A folder of the whole run for what several of its steps need alike (decoded images); it goes with the run."""
    checkpoint: Path | None
    """The file of a training under way, which outlives this process and goes with the step's end; None: not kept."""


@dataclass(frozen=True, kw_only=True)
class TeacherContext(TrainingContext):
    """What a step that trains on a teacher's answers needs."""

    baseline_model: Model | None
    """The run's baseline, before its export where it was a torch model; None where it is the step's own model."""
    export: Callable[[TorchModel], OnnxModel]
    """The ONNX file of a torch model, made once."""
    cache: Callable[[str, Callable[[Path], None]], Path]
    """The folder of what a key addresses, filled by the function where it is not there yet."""
