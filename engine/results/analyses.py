"""The results of the other kinds of job, and what the catalogue and the table of techniques list."""

from typing import Literal

from pydantic import Field

from engine.results.base import Environment, Note, Result
from engine.results.measurements import DataSummary
from engine.settings import Preprocess


class ModelProfile(Result):
    """What a model is, without having measured its speed; `layers` counts operators of the exported graph by type."""

    name: str
    format: Literal["timm", "onnx"]
    weights: str
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]
    opset: int
    parameters: int
    macs: int | None
    size_bytes: int
    layers: dict[str, int]
    classes: tuple[str, ...] | None
    n_outputs: int | None
    preprocess: Preprocess | None
    warnings: tuple[Note, ...] = ()


class ClassCount(Result):
    """Images of one class by split."""

    name: str
    train: int
    calibration: int
    evaluation: int
    holdout: int


class DataPreview(Result):
    """What the images are and how the model will see them; `examples` are PNG files beside the result."""

    summary: DataSummary
    counts: tuple[ClassCount, ...]
    skipped: tuple[Note, ...]
    examples: tuple[tuple[str, str], ...]
    n_outputs: int | None
    head_fits: bool | None
    preprocess: Preprocess
    warnings: tuple[Note, ...] = ()


class Provider(Result):
    """One execution provider of one runtime: whether a small model really ran on it, and if not, why."""

    runtime: str
    name: str
    works: bool
    reason: str


class Hardware(Result):
    """This machine as a target."""

    environment: Environment
    providers: tuple[Provider, ...]
    gpus: tuple[str, ...]


class CatalogueEntry(Result):
    """One timm architecture; MACs at `input_size` (C, H, W), with inference-time reparameterisation."""

    name: str
    family: str
    parameters: int
    macs: int
    input_size: tuple[int, int, int]
    pretrained_tags: tuple[str, ...]


class TechniqueInfo(Result):
    """One row of the table of techniques, with the JSON schema of its settings."""

    technique: str
    method: str | None
    title: str
    stage: Literal["torch", "onnx"]
    summary: str
    schema_: dict[str, object] = Field(alias="schema", serialization_alias="schema")
