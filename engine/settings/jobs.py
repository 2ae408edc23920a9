"""What a job is asked: one request class a kind of job."""

from typing import Annotated, Literal

from pydantic import Field

from engine.settings.base import Settings
from engine.settings.data import DataSource, Preprocess, Split
from engine.settings.model import ModelSource
from engine.settings.recipe import Recipe


class RunRequest(Settings):
    """Carry out a recipe; the result is a Report."""

    kind: Literal["run"] = "run"
    recipe: Recipe


class ProfileRequest(Settings):
    """Say what a model is; the result is a ModelProfile."""

    kind: Literal["profile"] = "profile"
    model: ModelSource


class PreviewRequest(Settings):
    """Say what the images are and show them as the model will see them; the result is a DataPreview."""

    kind: Literal["preview"] = "preview"
    model: ModelSource
    data: DataSource
    split: Split = Split()
    preprocess: Preprocess | None = None
    seed: int = 0


class HardwareRequest(Settings):
    """Say what this machine can run; the result is a Hardware."""

    kind: Literal["hardware"] = "hardware"


AnalysisRequest = ProfileRequest | PreviewRequest | HardwareRequest
JobRequest = Annotated[RunRequest | ProfileRequest | PreviewRequest | HardwareRequest, Field(discriminator="kind")]
