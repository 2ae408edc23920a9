"""Which model: a sample of the project, a timm name, or a file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.settings.base import Settings, setting

MIN_EDGE, MAX_EDGE = 8, 4096
Edge = Annotated[int, Field(ge=MIN_EDGE, le=MAX_EDGE)]
"""A height or a width of images, in px."""
METADATA_KEY = "featherweight"
"""The key of what this project writes into the metadata of an ONNX file."""
PRETRAINED, RANDOM = "pretrained", "random"
SHA256 = r"^[0-9a-f]{64}$"
EDGES = range(16, 2049)
"""The allowed values of img_size, in px."""
HUB_PREFIXES = ("hf_hub:", "hf-hub:")
LOCAL_PREFIX = "local-dir:"
LOCAL_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The weights of a saved timm model, beside its config.json; the first that is there counts."""


TaskName = Literal[
    "classification",
    "multilabel",
    "binary",
    "regression",
    "embedding",
    "segmentation",
    "detection",
    "tensors",
]
"""What a model is asked for; `engine.tasks` has a row for each."""


class SampleModel(Settings):
    """The project's own trained network."""

    kind: Literal["sample"] = "sample"
    name: Literal["digits"] = setting("digits", help="Which sample.")

    @property
    def title(self) -> str:
        """The name of the model for people."""
        return "Digits network"


class TimmModel(Settings):
    """A timm architecture by name, or a timm model: on the Hub (hf_hub:owner/name) or in a folder (local-dir:PATH)."""

    kind: Literal["timm"] = "timm"
    name: str = setting(
        help="A timm name (resnet18.a1_in1k), hf_hub:owner/name (and @revision), or local-dir:PATH: a folder with "
        "config.json and weights.",
        min_length=1,
        max_length=1000,
    )
    weights: str = setting(
        PRETRAINED,
        help="pretrained (through the Hugging Face Hub), random, or a path to safetensors or a state dict.",
        min_length=1,
    )
    weights_sha256: str | None = setting(None, help="SHA-256 of the weights file; names an upload.", pattern=SHA256)
    num_classes: int | None = setting(
        None, label="Classes", help="Outputs; as in the weights if empty.", ge=1, le=100_000
    )
    in_chans: int | None = setting(
        None, label="Image channels", help="Input channels; as in the weights if empty.", ge=1, le=64
    )
    img_size: int | None = setting(
        None,
        label="Image size",
        help="Input height and width; the architecture's own if empty.",
        unit="px",
        ge=EDGES.start,
        le=EDGES.stop - 1,
    )

    @property
    def title(self) -> str:
        """The name of the model for people, with its weights where they are not the pretrained ones."""
        own = "random weights" if self.weights == RANDOM else "own weights"
        name = self.local_dir.name if self.local_dir is not None else self.name
        return name if self.weights == PRETRAINED else f"{name} ({own})"

    @property
    def local_dir(self) -> Path | None:
        """The folder of a saved timm model; None where the name is timm's or the Hub's."""
        return Path(self.name.removeprefix(LOCAL_PREFIX)) if self.name.startswith(LOCAL_PREFIX) else None

    @property
    def from_hub(self) -> bool:
        """Whether it is somebody's model on the Hugging Face Hub."""
        return self.name.startswith(HUB_PREFIXES)

    @property
    def weights_path(self) -> str | None:
        """The local weights file, or None where the weights are pretrained or random."""
        return None if self.weights in (PRETRAINED, RANDOM) else self.weights

    @staticmethod
    def edge_of(size: tuple[int, int]) -> int | None:
        """The `img_size` for this height and width; None where they differ or are out of its range."""
        height, width = size
        return height if height == width and height in EDGES else None

    @model_validator(mode="after")
    def _hub_models_have_weights(self) -> Self:
        if self.from_hub and self.weights != PRETRAINED:
            raise ValueError(f"'{self.name}' comes from the Hub with its own weights: weights must be pretrained")
        return self


class FileModel(Settings):
    """An ONNX file, by path or, where it was uploaded to this home, by SHA-256 alone."""

    kind: Literal["file"] = "file"
    path: str | None = setting(None, help="The ONNX file.", min_length=1)
    sha256: str | None = setting(None, help="SHA-256 of the file; alone, it names an upload.", pattern=SHA256)
    output: str | None = setting(
        None,
        label="Main output",
        help="Name of the output that holds the answer (the class scores); only where several can be it.",
        min_length=1,
        max_length=200,
    )
    size: tuple[Edge, Edge] | None = setting(
        None,
        label="Height and width of its images",
        help="Height and width of the images; only where the file takes any.",
        unit="px",
    )

    task: TaskName | None = setting(
        None,
        label="What it is asked for",
        help="What the model is asked for; as its graph and its metadata tell if empty.",
    )

    @property
    def title(self) -> str:
        """The file's name, or the beginning of its SHA-256 where there is no path."""
        return Path(self.path).name if self.path else f"ONNX file {(self.sha256 or '')[:8]}"

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.path is None and self.sha256 is None:
            raise ValueError("a file model needs a path, or the sha256 of an upload")
        return self


class BaselineModel(Settings):
    """The run's baseline, as a teacher: a pruned model recovers from the one that was not pruned."""

    kind: Literal["baseline"] = "baseline"


ModelSource = Annotated[SampleModel | TimmModel | FileModel, Field(discriminator="kind")]
TeacherSource = Annotated[SampleModel | TimmModel | FileModel | BaselineModel, Field(discriminator="kind")]
"""The models that can be a teacher."""


def weights_in(folder: Path) -> Path | None:
    """The weights file of a saved timm model; None where the folder has none."""
    return next((folder / name for name in LOCAL_WEIGHTS if (folder / name).is_file()), None)
