"""Twelve timm networks, one of a kind each, trained on scikit-learn's digits and written as ONNX for the race.

    python -m bench.race_models FOLDER [NAME ...]      writes FOLDER/<name>.onnx where it is not there yet

Training is the project's own loop, from random weights: most of it at 64 px, where an epoch takes seconds, and a little
at the size at which the network is measured, since training on small images alone gives a poor top-1 there (0.31 of
mobilenetv4_conv_small at 224 px, even after four epochs at 128 px). The transformer takes small images by resampled
position embeddings while it is trained, and is written without that (after ten epochs at 112 px alone it had 0.60). No
branch is dead: residual branches and ConvNeXt's layer scales start at values that take part, not at timm's 0 and
1e-6.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from bench.race_results import GOAL
from engine import data as images
from engine.data import Data
from engine.export.onnx_file import export_onnx
from engine.measure.predictions import predict
from engine.measure.quality import accuracy
from engine.models.artifacts import Argument, TorchModel, build_module, save_weights, torch_model
from engine.settings import Finetune, Preprocess, SampleData, Split, Target
from engine.system.machine import cores
from engine.training.curve import Point
from engine.training.loop import fit
from engine.training.objectives import Labels

SEED = 0
BATCH = 32
"""The digits are few: small batches give more steps an epoch."""
SMALL, MIDDLE, MEASURED = 64, 112, 224

Phase = tuple[int, int, float]
"""Input size in px, epochs, peak learning rate."""
DEPTHWISE: tuple[Phase, ...] = ((SMALL, 10, 2e-3), (MIDDLE, 3, 1e-3), (MEASURED, 2, 1e-3))


@dataclass(frozen=True)
class Network:
    """A timm architecture, how it is trained, and the size in px at which it is written and measured.

    `goal` is how many times as fast as FP32 a race is to make it within a point of top-1.
    """

    name: str
    kind: str
    phases: tuple[Phase, ...]
    size: int = MEASURED
    arguments: dict[str, Argument] = field(default_factory=dict)
    goal: float = GOAL
    training: dict[str, Argument] = field(default_factory=dict)
    """Further arguments while it is trained, which leave its weights' names and shapes as they are."""


NETWORKS = (
    Network("mobilenetv4_conv_small", "MobileNetV4", DEPTHWISE),
    Network(
        "resnet18", "plain ReLU", ((SMALL, 5, 1e-3), (MEASURED, 2, 5e-4)), arguments={"zero_init_last": False}, goal=3.0
    ),
    Network(
        "regnetx_004",
        "grouped",
        ((SMALL, 8, 2e-3), (MIDDLE, 3, 1e-3), (MEASURED, 3, 1e-3)),
        arguments={"zero_init_last": False},
    ),
    Network("mobilenetv3_large_100", "hard-swish", DEPTHWISE),
    Network("convnext_atto", "ConvNeXt", ((SMALL, 10, 2e-3), (MEASURED, 3, 1e-3)), arguments={"ls_init_value": 0.1}),
    Network("repvgg_a0", "RepVGG", ((SMALL, 5, 1e-3), (MEASURED, 2, 5e-4)), goal=3.0),
    Network("tf_efficientnet_lite0", "ReLU6 depthwise", DEPTHWISE),
    Network("mobilenetv2_100", "inverted residuals", DEPTHWISE),
    Network("hgnetv2_b0", "PP-HGNet", ((SMALL, 8, 2e-3), (MIDDLE, 3, 1e-3), (MEASURED, 2, 5e-4))),
    # At twice these rates some images get logits thirty times as large as the others', which drown every other error.
    Network(
        "efficientnet_b0",
        "SiLU and squeeze-excite",
        ((SMALL, 10, 1e-3), (MIDDLE, 3, 5e-4), (MEASURED, 2, 5e-4)),
    ),
    Network("mobilevit_xxs", "hybrid", ((SMALL, 10, 2e-3), (128, 3, 1e-3), (256, 3, 1e-3)), size=256),
    Network(
        "vit_tiny_patch16_224",
        "ViT",
        ((SMALL, 20, 5e-4), (MIDDLE, 6, 5e-4), (MEASURED, 4, 5e-4)),
        training={"dynamic_img_size": True},
    ),
)


def preprocess_for(size: int) -> Preprocess:
    """Digits as three equal channels, enlarged bilinearly, in [-1, 1]."""
    return Preprocess(size=(size, size), mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear", channels="rgb")


def digits_at(size: int) -> Data:
    return images.load(SampleData(), Split(), preprocess_for(size), SEED, merge_train=False, n_outputs=10)


def train(network: Network, folder: Path) -> TorchModel:
    """The network after all its phases, its weights in `folder`."""
    model = torch_model(
        architecture=network.name,
        num_classes=10,
        in_chans=3,
        img_size=None,
        weights=None,
        seed=SEED,
        weights_label="random",
        preprocess=preprocess_for(network.size),
        arguments=network.arguments,
    )
    module = build_module(network.name, SEED, 10, 3, None, network.arguments | network.training)
    for size, epochs, learning_rate in network.phases:
        part = digits_at(size).split("train").cached(folder)
        settings = Finetune(epochs=epochs, learning_rate=learning_rate, batch_size=BATCH)
        fit(
            module,
            part.array,
            Labels(part.labels, settings.label_smoothing),
            preprocess_for(size),
            settings,
            seed=SEED,
            deadline=math.inf,
            on_epoch=print_point,
        )
    return replace(model, weights=save_weights(module, folder / "weights.safetensors"), weights_label="fine-tuned")


def at_size(model: TorchModel, size: int) -> TorchModel:
    return replace(model, preprocess=preprocess_for(size))


def print_point(point: Point) -> None:
    print(f"  loss {point.train_loss:.3f}, {point.message('right')}", flush=True)


def top1(model: TorchModel, size: int, path: Path) -> float:
    """Write the ONNX file of the model at `size` px to `path` and return its top-1 on the evaluation images."""
    part = digits_at(size).split("evaluation")
    onnx_model = export_onnx(at_size(model, size), path, next(part.batches(2)))
    return accuracy(predict(onnx_model, part, Target(threads=cores())).logits, part.labels).top1


def make(network: Network, folder: Path) -> None:
    """Train a network, measure it at every size of its training, and write the file of its final size to `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        start = time.monotonic()
        model = train(network, work)
        seconds = time.monotonic() - start
        # A network that takes other sizes only while it is trained has one size once it is written.
        sizes = [network.size] if network.training else sorted({size for size, _, _ in network.phases} | {network.size})
        top1_by_size = {size: top1(model, size, work / f"{size}.onnx") for size in sizes}
        (work / f"{network.size}.onnx").replace(folder / f"{network.name}.onnx")
    figures = ", ".join(f"{value:.4f} at {size} px" for size, value in top1_by_size.items())
    print(f"{network.name} ({network.kind}): top-1 {figures}; trained in {seconds:.0f} s", flush=True)


def main(folder: Path, names: Sequence[str]) -> None:
    torch.set_num_threads(cores())
    folder.mkdir(parents=True, exist_ok=True)
    for network in NETWORKS:
        selected = not names or network.name in names
        if selected and not (folder / f"{network.name}.onnx").exists():
            print(f"{network.name}: training", flush=True)
            make(network, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the ONNX files go")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these networks")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - {network.name for network in NETWORKS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    main(arguments.folder, arguments.names)
