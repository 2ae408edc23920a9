"""The requests of jobs: one class for each kind."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.errors import SettingsError
from engine.settings.base import Settings, setting
from engine.settings.bundle_job import BundleRequest
from engine.settings.cross_cpu_job import CrossCpuRequest
from engine.settings.data import DataSource, Preprocess, Split
from engine.settings.export_job import ExportRequest
from engine.settings.graph_jobs import GraphsRequest, SaveOptimizedRequest, TimeProfileRequest
from engine.settings.hardware_jobs import ShowdownRequest, SweepRequest
from engine.settings.machine_jobs import PeaksRequest, WorkloadRequest
from engine.settings.model import SHA256, FileModel, ModelSource
from engine.settings.recipe import Recipe
from engine.settings.rules import ChainInputs
from engine.settings.serving_job import ServeBenchRequest
from engine.settings.target import Target
from engine.settings.variant_jobs import DisagreementsRequest, LayerErrorsRequest


class RunRequest(Settings):
    """The request to carry out a recipe; the result is a Report."""

    kind: Literal["run"] = "run"
    recipe: Recipe


class ProfileRequest(Settings):
    """The request to examine a model; the result is a ModelProfile."""

    kind: Literal["profile"] = "profile"
    model: ModelSource
    preprocess: Preprocess | None = None


class SignatureRequest(Settings):
    """The request to list the inputs and outputs of an ONNX file; the result is a ModelSignature."""

    kind: Literal["signature"] = "signature"
    model: FileModel


class IdentifyRequest(Settings):
    """The request to say of which architectures a checkpoint may be; the result is an Identification."""

    kind: Literal["identify"] = "identify"
    weights: str | None = setting(None, help="A path to safetensors or a state dict.", min_length=1)
    weights_sha256: str | None = setting(None, help="SHA-256 of the weights file; names an upload.", pattern=SHA256)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.weights is None and self.weights_sha256 is None:
            raise ValueError("weights are identified by a path, or by the sha256 of an upload")
        return self


class ImportRequest(Settings):
    """The request to look into an uploaded model before it is kept; the result is an ImportedFile.

    The files of these names lie in the job's own folder (`JobFolder.upload`).
    """

    kind: Literal["import"] = "import"
    upload: Literal["onnx", "weights"] = setting(help="What the files are uploaded as.")
    files: tuple[str, ...] = setting(help="The names of the uploaded files.", min_length=1, max_length=1000)


class ImagesRequest(Settings):
    """Base of the requests about a model and images; the fields mean the same as in a recipe."""

    kind: str
    model: ModelSource
    data: DataSource | None = None
    split: Split = Split()
    preprocess: Preprocess | None = None
    seed: int = 0


class PreviewRequest(ImagesRequest):
    """The request to examine images and show them as the model will see them; the result is a DataPreview."""

    kind: Literal["preview"] = "preview"
    data: DataSource


class AuditRequest(Settings):
    """The request to say what is wrong with images; the result is a DataAudit.

    The fields mean the same as in a recipe. With a `model` whose outputs are the classes, labels are checked as well.
    """

    kind: Literal["audit"] = "audit"
    model: ModelSource | None = None
    data: DataSource
    split: Split = Split()
    preprocess: Preprocess | None = None
    seed: int = 0
    minutes: float = setting(5.0, help="No further labels are checked after this.", unit="min", gt=0, le=60)


class ConfusionRequest(ImagesRequest):
    """The request to compare a classifier's predictions on evaluation images with their labels; a Confusion."""

    kind: Literal["confusion"] = "confusion"
    data: DataSource


class HardwareRequest(Settings):
    """The request to examine this machine; the result is a Hardware."""

    kind: Literal["hardware"] = "hardware"


class AdviseRequest(ImagesRequest):
    """The request to compare architectures with the model on this machine; the result is an Advice.

    Latency is that of an untrained network with the model's input and outputs. With labelled `data` the result also
    has the model's accuracy on the evaluation split.
    """

    kind: Literal["advise"] = "advise"
    target: Target = Target()
    names: tuple[str, ...] | None = setting(
        None, help="timm architectures to measure; the whole shortlist if empty.", min_length=1, max_length=200
    )
    minutes: float = setting(12.0, help="No architecture is begun after this.", unit="min", gt=0, le=12)

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The request for a recipe's model at its target, with its data where they are labelled."""
        labelled = ChainInputs.of(recipe.model, recipe.data).labels
        return cls(
            model=recipe.model,
            target=recipe.target,
            preprocess=recipe.preprocess,
            seed=recipe.seed,
            data=recipe.data if labelled else None,
            split=recipe.split,
        )


class SensitivityRequest(ImagesRequest):
    """The request to prune one group of layers at a time and measure accuracy; the result is a Sensitivity."""

    kind: Literal["sensitivity"] = "sensitivity"
    data: DataSource
    ratios: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = setting(
        (0.25, 0.5, 0.75), help="The shares of its channels that a group loses.", min_length=1, max_length=9
    )
    minutes: float = setting(30.0, help="No group is begun after this.", unit="min", gt=0, le=600)


class DetectRequest(ImagesRequest):
    """The request to try other preprocessings than the declared one; the result is a PreprocessingDetection."""

    kind: Literal["detect"] = "detect"
    data: DataSource
    minutes: float = setting(1.0, help="No other preprocessing is begun after so much work.", unit="min", gt=0, le=60)

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The request for a recipe's model and data. Raises SettingsError where it has no data."""
        if recipe.data is None:
            raise SettingsError("the recipe has no images to try preprocessings on (data)", "Give images")
        return cls(
            model=recipe.model, data=recipe.data, split=recipe.split, preprocess=recipe.preprocess, seed=recipe.seed
        )


class RemeasureRequest(Settings):
    """The request to measure the latencies of a finished run again; the result is a LatencyMeasurement.

    `folder` is the run's, as an absolute path; its report gets the new figures.
    """

    kind: Literal["remeasure"] = "remeasure"
    folder: str


AnalysisRequest = (
    ProfileRequest
    | SignatureRequest
    | IdentifyRequest
    | ImportRequest
    | PreviewRequest
    | AuditRequest
    | ConfusionRequest
    | HardwareRequest
    | AdviseRequest
    | SensitivityRequest
    | DetectRequest
    | RemeasureRequest
    | DisagreementsRequest
    | LayerErrorsRequest
    | BundleRequest
    | CrossCpuRequest
    | SweepRequest
    | ShowdownRequest
    | TimeProfileRequest
    | GraphsRequest
    | SaveOptimizedRequest
    | PeaksRequest
    | WorkloadRequest
    | ExportRequest
    | ServeBenchRequest
)
JobRequest = Annotated[RunRequest | AnalysisRequest, Field(discriminator="kind")]


def looks_into_a_file(request: RunRequest | AnalysisRequest) -> bool:
    """Whether the job only looks into one model or its weights; it needs no download, and the file may be anybody's."""
    is_profile = isinstance(request, ProfileRequest) and isinstance(request.model, FileModel)
    return is_profile or isinstance(request, SignatureRequest | IdentifyRequest | ImportRequest | GraphsRequest)
