"""The results of the other kinds of job, and what the catalogue and the table of techniques list."""

from collections import Counter
from typing import Literal

from pydantic import Field

from engine.results import codes
from engine.results.base import Environment, Note, Result
from engine.results.folders import FolderReading
from engine.results.jobs import Estimate
from engine.results.label_file import LabelFile
from engine.results.mapping import LabelOutput
from engine.results.measurements import Accuracy, DataSummary, Latency, TensorSpec
from engine.settings import Preprocess, Step, Target, TaskName

PresetName = Literal["safe", "balanced", "smallest"]
N_HEAVIEST = 10


class GraphNode(Result):
    """One node of a graph: what it reads from other nodes, its weights, and the multiply-adds of one image.

    `output_shape` is that for a batch of one, or of what the graph is fixed to; null where it is not determined.
    `block` is the dotted path of the block of layers that it belongs to, as far as names tell: `layer1.0`; empty at the
    top.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    output_shape: tuple[int, ...] | None
    weight_bytes: int
    macs: int | None
    block: str = ""


NumberFormat = Literal["FP32", "FP16", "INT8"]
Origin = Literal["asked", "file", "beside", "graph", "assumed"]
"""Where a preprocessing comes from: it was asked for, stands in the file's metadata or in files beside it, follows from
the graph, or is assumed."""


class ModelTraits(Result):
    """What decides which techniques can be applied to a model; all but the first two tell of an ONNX file alone."""

    format: Literal["timm", "onnx"]
    architecture: str | None = None
    """timm's name, where it is one of its networks."""
    number_format: NumberFormat = "FP32"
    """The format of the stored weights."""
    control_flow: tuple[str, ...] = ()
    """Types of the nodes that contain a graph of their own: If, Loop, Scan."""
    has_fixed_path: bool = False
    """Whether all of these are an If whose condition is the same at every call, so that simplifying removes it."""
    odd_value: tuple[str, str] | None = None
    """The name of a value that is no tensor of numbers, and what it is instead."""
    weighted_layers: tuple[str, ...] | None = None
    """Which of Conv, Gemm and MatMul there are with weights; null where nobody has looked."""
    fixed_batch: int | None = None
    """The batch size that the graph is fixed to; null where it is dynamic."""
    layout: Literal["nchw", "nhwc"] = "nchw"
    input_kind: Literal["float32", "float16", "float64", "uint8"] = "float32"
    task: TaskName = "classification"
    """What the model is asked for, as the recipe, its metadata or its graph tells."""
    takes_images: bool = True


class ModelProfile(ModelTraits):
    """The properties of a model, without its speed; `layers` counts operators of the exported graph by type."""

    name: str
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
    preprocess_origins: dict[str, Origin] = Field(default_factory=dict)
    """Where each field of `preprocess` comes from; empty where it belongs to weights that were published."""
    warnings: tuple[Note, ...] = ()
    input_specs: tuple[TensorSpec, ...] = ()
    """Its inputs, with what can be told of the values that they take."""
    output_names: tuple[str, ...] = ()
    """The outputs that are measured, the main one first."""
    graph: tuple[GraphNode, ...] = ()
    """Every node of the exported graph, in its order."""

    @property
    def known_macs(self) -> int | None:
        """The multiply-adds of all nodes, of which a layer's are a share; None where those of some cannot be told."""
        return (sum(node.macs or 0 for node in self.graph) or None) if self.macs is not None else None

    @property
    def heaviest(self) -> tuple[GraphNode, ...]:
        """The ten nodes with the most multiply-adds, of equals the one with more weights first."""
        ranked = sorted(self.graph, key=lambda node: (node.macs or 0, node.weight_bytes), reverse=True)
        return tuple(node for node in ranked[:N_HEAVIEST] if node.macs or node.weight_bytes)

    @property
    def bytes_by_operator(self) -> dict[str, int]:
        """Bytes of the weights by the type of the operator that reads them, the most first."""
        totals = Counter[str]()
        for node in self.graph:
            totals[node.operator] += node.weight_bytes
        return {name: total for name, total in totals.most_common() if total}


class ModelSignature(Result):
    """The declared inputs and outputs of an ONNX file: shapes by name, a dynamic dimension by its name."""

    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]


class Identification(Result):
    """What a checkpoint holds, and the architectures that its names and shapes give away; none where they do not."""

    name: str
    n_tensors: int
    parameters: int
    """Values in all tensors, counters and running statistics included."""
    architectures: tuple[str, ...]
    notes: tuple[Note, ...] = ()


class ImportedFile(Result):
    """An uploaded model that can be used: the path of its one file in the job's folder, and what was done to it."""

    file: str
    notes: tuple[Note, ...] = ()


class ClassCount(Result):
    """Images of one class by split; `selection` are those that the evaluation split gave to the images that choose."""

    name: str
    train: int
    calibration: int
    evaluation: int
    holdout: int
    selection: int = 0


class ArraySummary(Result):
    """The values that one input has in the first examples; `shape` is that of one, or of what all examples share."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    low: float
    high: float
    mean: float


class DataPreview(Result):
    """What the images are and how the model will see them; `examples` are PNG files beside the result.

    `preprocess` is null where the model takes no images. `head_fits` is null without labels, and where the model's
    `task` is none that labels of classes can judge. `arrays` are summaries of arrays, which have no pictures.
    `mapping` has a row for every label, sorted, where the head fits. `folders` say how the folders of images were read.
    `skipped` names the first files that were left out; `skipped_file`, beside the result, is a CSV of all with reasons.
    """

    summary: DataSummary
    counts: tuple[ClassCount, ...]
    skipped: tuple[Note, ...]
    examples: tuple[tuple[str, str], ...]
    n_outputs: int | None
    head_fits: bool | None
    preprocess: Preprocess | None
    task: TaskName = "classification"
    arrays: tuple[ArraySummary, ...] = ()
    mapping: tuple[LabelOutput, ...] = ()
    folders: FolderReading | None = None
    warnings: tuple[Note, ...] = ()
    label_file: LabelFile | None = None
    skipped_file: str | None = None


class Provider(Result):
    """One execution provider of one runtime: whether a small model really ran on it, and if not, why.

    `tested` says whether the project's own measurements were ever run on such a provider, `available` whether this
    installation has it: what it lacks was not tried.
    """

    runtime: str
    name: str
    works: bool
    reason: str
    tested: bool = True
    available: bool = True


class Hardware(Result):
    """This machine as a target."""

    environment: Environment
    providers: tuple[Provider, ...]
    gpus: tuple[str, ...]


class SensitivityPoint(Result):
    """Top-1 (agreement without labels) after a group of layers lost this share of its channels, rounding included."""

    ratio: float
    top1: float


class LayerSensitivity(Result):
    """One group of layers, by the layer that the others follow; no points where it has to stay whole."""

    layer: str
    channels: int
    points: tuple[SensitivityPoint, ...]


class Sensitivity(Result):
    """What each group of layers means for the accuracy, without training; `top1` is the whole network's."""

    layers: tuple[LayerSensitivity, ...]
    top1: float
    labelled: bool
    n_images: int
    warnings: tuple[Note, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every group was looked at before the minutes were up."""
        return not any(note.code == codes.OUT_OF_TIME for note in self.warnings)


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


class Published(Result):
    """The top-1 on ImageNet-1k, a share, that was published for pretrained weights (`tag`) at an image size in px."""

    tag: str
    img_size: int
    top1: float


class Architecture(Result):
    """One architecture beside the user's model; `latency` holds its ratio to that model in the same rounds.

    `refused` says why it could not be measured; with neither it is still to be measured. `busy`: other programs used
    the cores meanwhile, so the figures were not stored for later.
    """

    name: str
    family: str
    why: str
    parameters: int | None
    published: Published | None
    latency: Latency | None = None
    refused: Note | None = None
    busy: bool = False


class OwnModel(Result):
    """The user's model: its median latency over all rounds in ms, with the lowest and highest of these; its accuracy
    on the user's labelled images; what was published for its architecture."""

    name: str
    architecture: str | None
    input_shape: tuple[int, int, int]
    n_outputs: int
    published: Published | None
    accuracy: Accuracy | None
    p50_ms: float | None = None
    lowest_ms: float | None = None
    highest_ms: float | None = None


class Advice(Result):
    """Which architectures would be faster here at the same accuracy, or better at the same speed.

    `front`, `faster` and `better` are names of architectures, the best first; see engine/analyses/pareto.py. `complete`
    is False during the measurement, and stays so where that was ended early.
    """

    own: OwnModel
    target: Target
    architectures: tuple[Architecture, ...]
    front: tuple[str, ...] = ()
    faster: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    reason: Note | None = None
    warnings: tuple[Note, ...] = ()
    complete: bool = False
    environment: Environment

    def architecture(self, name: str) -> Architecture | None:
        return next((one for one in self.architectures if one.name == name), None)

    @property
    def measured(self) -> tuple[Architecture, ...]:
        """The architectures with a latency, the fastest first."""
        with_latency = [one for one in self.architectures if one.latency is not None]
        return tuple(sorted(with_latency, key=lambda one: one.latency.ratio_to_baseline if one.latency else 0.0))


class Preset(Result):
    """A ready-made chain with the estimate of its run, or with the reason why it is refused and what to do instead."""

    name: PresetName
    title: str
    text: str
    steps: tuple[Step, ...]
    estimate: Estimate | None = None
    refused: Note | None = None
    next: str = ""
