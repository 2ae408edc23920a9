"""Models as descriptions of files on disk. Building one gives a new module, so no step can change its input."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import timm
import torch
from safetensors.torch import load_file, save_file

from engine.models.structure import Change, apply_changes
from engine.results import Note, Origin, TensorSpec
from engine.runtimes import RaceTarget
from engine.settings import Preprocess, TaskName
from engine.tasks import TASKS, Answers, Outputs

INPUT, OUTPUT = "image", "logits"
"""The names of the input and of the output in files that are exported here."""
WeightsLabel = Literal["pretrained", "random", "file", "sample", "fine-tuned", "distilled", "pruned"]
Argument = int | float | str | bool | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A timm network and its weights; `torch_model` makes one and computes its key."""

    key: str
    architecture: str
    num_classes: int
    in_chans: int
    img_size: int | None
    """Input height and width that the architecture is built for; None where it is not part of the architecture."""
    weights: Path | None
    """A safetensors file with every tensor of the network; None: random, seeded by `seed`."""
    seed: int
    weights_label: WeightsLabel
    preprocess: Preprocess
    classes: tuple[str, ...] | None
    arguments: tuple[tuple[str, Argument], ...] = ()
    """Further arguments of the architecture, as a model on the Hub may state them."""
    structure: tuple[Change, ...] = ()
    """What pruning changed of the architecture; the tensors' shapes are those in `weights`."""
    warnings: tuple[Note, ...] = ()

    @property
    def n_outputs(self) -> int:
        """The number of logits, under the name that an OnnxModel has for it."""
        return self.num_classes

    @property
    def task(self) -> TaskName:
        """Every network that is trained here is a classifier."""
        return "classification"

    @property
    def input_specs(self) -> tuple[TensorSpec, ...]:
        """The input of its ONNX file."""
        return (TensorSpec(name=INPUT, dtype="float32", shape=(self.in_chans, *self.preprocess.size)),)

    def build(self) -> torch.nn.Module:
        """A fresh float32 module on the CPU in eval mode: (N, in_chans, H, W) -> logits (N, num_classes)."""
        module = build_module(
            self.architecture, self.seed, self.num_classes, self.in_chans, self.img_size, dict(self.arguments)
        )
        if self.weights is not None:
            state = load_file(self.weights)
            if self.structure:
                apply_changes(module, self.structure, state)
            module.load_state_dict(state)
        return module.float().eval()


@dataclass(frozen=True, kw_only=True)
class OnnxModel:
    """An ONNX model: images or other arrays in, and out what its task measures."""

    key: str
    path: Path
    sha256: str
    input_name: str
    """The first input."""
    output_name: str
    """The main output: of a classifier, the class scores."""
    input_shape: tuple[int, ...]
    """C, H, W of an image; empty where the model takes no images."""
    batch: int | None
    """The batch size that the graph is fixed to; None where it is dynamic."""
    n_outputs: int
    """The length of the main output's list of scores; 0 where it has none, or one of no fixed length."""
    preprocess: Preprocess | None
    """None where the model takes no images."""
    preprocess_origins: tuple[tuple[str, Origin], ...] = ()
    """Where each field of it comes from."""
    classes: tuple[str, ...] | None
    parameters: int
    macs: int | None
    """Multiply-adds of one image; None where the graph does not determine a shape."""
    opset: int
    layout: Literal["nchw", "nhwc"] = "nchw"
    """The axes of the input. Sessions take (N, C, H, W) either way."""
    input_kind: Literal["float32", "float16", "float64", "uint8"] = "float32"
    """The number type of the images. Sessions take float32 either way."""
    task: TaskName = "classification"
    further_outputs: tuple[str, ...] = ()
    """Outputs that are measured beside the main one."""
    inputs: tuple[TensorSpec, ...] = ()
    """Every input of a model that takes no images; empty for one that does."""
    batch_dependent: bool = False
    """Whether an example's answer depends on the others of its call, as was measured on the baseline of a run."""
    warnings: tuple[Note, ...] = ()

    @property
    def output_names(self) -> tuple[str, ...]:
        """The outputs that are measured, the main one first."""
        return (self.output_name, *self.further_outputs)

    @property
    def input_specs(self) -> tuple[TensorSpec, ...]:
        """Every input, that of images included: its axes in the graph's order."""
        if self.inputs:
            return self.inputs
        channels, *edges = self.input_shape
        shape = (channels, *edges) if self.layout == "nchw" else (*edges, channels)
        return (TensorSpec(name=self.input_name, dtype=self.input_kind, shape=shape),)

    def read(self, outputs: Outputs, n: int) -> Answers:
        """What the model answered on n examples. Raises RunError where the outputs are no answers to so many."""
        return TASKS[self.task].read(outputs, n)


def torch_model(
    *,
    architecture: str,
    num_classes: int,
    in_chans: int,
    img_size: int | None,
    weights: Path | None,
    seed: int,
    weights_label: WeightsLabel,
    preprocess: Preprocess,
    classes: tuple[str, ...] | None = None,
    arguments: Mapping[str, Argument] | None = None,
    warnings: tuple[Note, ...] = (),
) -> TorchModel:
    """A TorchModel with its content address, made of its architecture, its weights' bytes and its preprocessing."""
    items = tuple(sorted((arguments or {}).items()))
    content = [
        architecture,
        num_classes,
        in_chans,
        img_size,
        items,
        f"seed {seed}" if weights is None else file_sha256(weights),
        preprocess.model_dump(mode="json"),
        classes,
    ]
    return TorchModel(
        key=content_key("torch", *content),
        architecture=architecture,
        num_classes=num_classes,
        in_chans=in_chans,
        img_size=img_size,
        weights=weights,
        seed=seed,
        weights_label=weights_label,
        preprocess=preprocess,
        classes=classes,
        arguments=items,
        warnings=warnings,
    )


def build_module(
    architecture: str,
    seed: int,
    num_classes: int | None = None,
    in_chans: int | None = None,
    img_size: int | None = None,
    arguments: Mapping[str, Argument] | None = None,
) -> torch.nn.Module:
    """timm's network with random weights that depend on `seed` alone; None leaves the architecture's own value."""
    values = {"num_classes": num_classes, "in_chans": in_chans, "img_size": img_size}
    overrides = {name: value for name, value in values.items() if value is not None}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: torch.nn.Module = timm.create_model(
            architecture, pretrained=False, **{**(arguments or {}), **overrides}
        )
    return module


def save_weights(module: torch.nn.Module, path: Path) -> Path:
    """Write every tensor of the module as safetensors, tensors that share memory each on their own."""
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    save_file(state, path)
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in flat memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_key(*parts: object) -> str:
    """A content address (64 hex digits) of plain values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def variant_key(key: str, at: RaceTarget | None) -> str:
    """The content address of a file at a target: the file's own `key` at the first one, at others one of both."""
    if at is None or at.is_first:
        return key
    return content_key("target", key, at.target.model_dump(mode="json"))
