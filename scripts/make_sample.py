"""Trains the sample network on scikit-learn's digits from random weights and writes its checkpoint and card.

    python -m scripts.make_sample              trains the network that ships, a few minutes on two cores
    python -m scripts.make_sample --compare    trains every candidate and prints the effect of INT8 on each

The training is the product's own loop, on the train share of the sample's fixed split.
"""

import argparse
import json
import math
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from engine import data as images
from engine.context import StepContext, no_progress
from engine.data import Data
from engine.export.onnx_file import export_onnx
from engine.measure.latency import measure_latency
from engine.measure.predictions import predict
from engine.measure.quality import accuracy
from engine.models.artifacts import TorchModel, build_module, file_sha256, torch_model
from engine.settings import Finetune, Preprocess, QuantizeStatic, SampleData, Split, Target
from engine.system.machine import cores, isa, versions
from engine.techniques.quantize import quantize_static
from engine.training.curve import Point
from engine.training.loop import fit
from engine.training.objectives import Labels

SAMPLE = Path(__file__).parent.parent / "engine" / "models" / "sample"
SELECTED = ("resnet10t", 64)
CANDIDATES = (
    SELECTED,
    ("resnet10t", 32),
    ("resnet18", 32),
    ("regnetx_002", 64),
    ("test_resnet", 64),
    ("mobilenetv4_conv_small_035", 64),
)
TRAINING = Finetune(epochs=20, learning_rate=2e-3, batch_size=64, label_smoothing=0.1, shift=0.05)
SEED = 0


def preprocess_for(size: int) -> Preprocess:
    """Grey digits, enlarged bilinearly, in [-1, 1]."""
    return Preprocess(size=(size, size), mean=(0.5,), std=(0.5,), interpolation="bilinear", channels="gray")


def train(architecture: str, size: int, folder: Path) -> tuple[TorchModel, Data, float]:
    """The trained network with FP16 weights in `folder`, the data, and the seconds that training took."""
    preprocess = preprocess_for(size)
    data = images.load(SampleData(), Split(), preprocess, SEED, merge_train=False, n_outputs=10)
    part = data.split("train").cached(folder)
    module = build_module(architecture, SEED, num_classes=10, in_chans=1)
    start = time.monotonic()
    fit(
        module,
        part.array,
        Labels(part.labels, TRAINING.label_smoothing),
        preprocess,
        TRAINING,
        seed=SEED,
        deadline=math.inf,
        on_epoch=print_point,
    )
    seconds = time.monotonic() - start
    weights = folder / f"{architecture}_{size}.safetensors"
    state = module.state_dict()
    save_file({name: value.half() if value.is_floating_point() else value for name, value in state.items()}, weights)
    return torch_model_of(architecture, preprocess, data, weights), data, seconds


def print_point(point: Point) -> None:
    print(f"  loss {point.train_loss:.3f}, {point.message('right')}", flush=True)


def torch_model_of(architecture: str, preprocess: Preprocess, data: Data, weights: Path) -> TorchModel:
    return torch_model(
        architecture=architecture,
        num_classes=10,
        in_chans=1,
        img_size=None,
        weights=weights,
        seed=SEED,
        weights_label="sample",
        preprocess=preprocess,
        classes=data.classes,
    )


def measure(model: TorchModel, data: Data, folder: Path) -> dict[str, float]:
    """Top-1 of FP32 and INT8, the ratio of their latencies with its interval, and of their sizes."""
    target = Target(threads=cores())
    part = data.split("evaluation")
    batch = next(part.batches(1))
    fp32_model = export_onnx(model, folder / "model_fp32.onnx", batch)
    int8_folder = folder / "int8"
    int8_folder.mkdir()
    context = StepContext(
        data=data,
        seed=SEED,
        folder=int8_folder,
        deadline=math.inf,
        isa=isa(),
        target=Target(),
        on_progress=no_progress,
    )
    int8_model = quantize_static(fp32_model, QuantizeStatic(method="static"), context).model
    latency = measure_latency({"fp32": fp32_model, "int8": int8_model}, "fp32", target, batch)["int8"].require()
    fp32, int8 = (accuracy(predict(file, part, target).logits, part.labels) for file in (fp32_model, int8_model))
    sizes = fp32_model.path.stat().st_size, int8_model.path.stat().st_size
    return {
        "top1": fp32.top1,
        "top1_int8": int8.top1,
        "n_images": fp32.n_images,
        "latency_ratio": latency.ratio_to_baseline,
        "ratio_low": latency.ratio_low,
        "ratio_high": latency.ratio_high,
        "size_bytes": sizes[0],
        "size_ratio": sizes[1] / sizes[0],
    }


def compare() -> None:
    print("network, px: top-1 FP32 -> INT8, latency INT8/FP32 (95 % interval), size INT8/FP32, training")
    for architecture, size in CANDIDATES:
        with tempfile.TemporaryDirectory() as name:
            model, data, seconds = train(architecture, size, Path(name))
            row = measure(model, data, Path(name))
        print(
            f"{architecture}, {size}: {row['top1']:.4f} -> {row['top1_int8']:.4f}, {row['latency_ratio']:.2f} "
            f"({row['ratio_low']:.2f} to {row['ratio_high']:.2f}), {row['size_ratio']:.2f} of "
            f"{row['size_bytes'] / 1e6:.1f} MB, {seconds:.0f} s",
            flush=True,
        )


def make() -> None:
    architecture, size = SELECTED
    with tempfile.TemporaryDirectory() as name:
        model, data, seconds = train(architecture, size, Path(name))
        row = measure(model, data, Path(name))
        SAMPLE.mkdir(exist_ok=True)
        checkpoint = SAMPLE / "digits.safetensors"
        save_file(load_file(model.weights or checkpoint), checkpoint)
    summary = data.summary()
    card = {
        "name": "digits",
        "description": "resnet10t on scikit-learn's digits, trained by scripts/make_sample.py",
        "architecture": architecture,
        "in_chans": 1,
        "num_classes": 10,
        "img_size": None,
        "classes": data.classes,
        "preprocess": model.preprocess.model_dump(mode="json"),
        "weights_sha256": file_sha256(checkpoint),
        "split": {
            "train": summary.n_train,
            "calibration": summary.n_calibration,
            "evaluation": summary.n_evaluation,
            "evaluation_sha256": summary.evaluation_sha256,
        },
        "top1": row["top1"],
        "n_images": row["n_images"],
        "training": {**TRAINING.model_dump(mode="json"), "seed": SEED, "seconds": round(seconds)},
        "versions": versions(),
    }
    (SAMPLE / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(row, indent=1))
    print(f"{checkpoint.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", action="store_true", help="train every candidate and compare them")
    torch.set_num_threads(cores())
    if parser.parse_args().compare:
        compare()
    else:
        make()
