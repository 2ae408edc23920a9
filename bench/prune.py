"""Which timm architectures can be pruned: the MACs and latency that pruning leaves, at two ratios, with random weights.

    python -m bench.prune FOLDER build [ARCHITECTURE ...]     prune and export those that are not there yet
    python -m bench.prune FOLDER time [SECONDS]               time the files, pruned and unpruned in the same rounds
    python -m bench.prune FOLDER table                        the table, which is in docs/pruning.md

The exit status is that of the last command; for a network that cannot be pruned, FOLDER/NAME/built.json has the reason.
"""

import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine import catalogue
from engine.context import no_progress
from engine.data import Data, load
from engine.errors import FeatherweightError
from engine.export.onnx_file import export_onnx
from engine.measure.latency import compare, time_rounds
from engine.models.artifacts import TorchModel, build_module, save_weights, torch_model
from engine.models.graph import read_onnx
from engine.settings import Preprocess, PruneChannel, Split, Target
from engine.system.machine import cores, cpu_name, isa
from engine.techniques.prune import prune_to
from engine.techniques.prune.statistics import recalibrate
from engine.training.context import TrainingContext

NETWORKS = (
    "convnext_atto",
    "convnextv2_atto",
    "cspnext_tiny",
    "cspresnet50",
    "deit_tiny_patch16_224",
    "densenet121",
    "dla46_c",
    "edgenext_xx_small",
    "efficientnet_b0",
    "efficientvit_b0",
    "ese_vovnet19b_slim_dw",
    "fasternet_t0",
    "fastvit_t8",
    "ghostnet_050",
    "hardcorenas_a",
    "hgnetv2_b0",
    "hrnet_w18_small",
    "inception_next_atto",
    "lcnetv2_small",
    "legacy_seresnet18",
    "levit_128s",
    "mambaout_femto",
    "mixer_s32_224",
    "mobilenetv2_100",
    "mobilenetv3_small_050",
    "mobilenetv4_conv_small",
    "mobileone_s0",
    "mobilevit_xxs",
    "pit_ti_224",
    "poolformer_s12",
    "pvt_v2_b0",
    "regnetx_002",
    "regnety_002",
    "repvgg_a0",
    "repvit_m0_9",
    "res2net50_48w_2s",
    "resnest14d",
    "resnet10t",
    "resnet18",
    "resnet50",
    "resnetv2_18",
    "selecsls42",
    "starnet_s050",
    "swiftformer_xs",
    "swin_tiny_patch4_window7_224",
    "tf_efficientnet_lite0",
    "tinynet_e",
    "vgg11_bn",
    "vit_small_patch32_224",
    "vit_tiny_patch16_224",
)
RATIOS = {"half": 0.5, "third": 0.3}
SEED = 0
IMAGES = 16
"""For the statistics of BatchNorm, without which random networks explode."""
ROUNDS = 12
"""Of timing."""


def build(folder: Path, name: str) -> dict[str, Any]:
    """The network, unpruned and at every ratio, as ONNX files in `folder`; returns what built.json says of them."""
    entry = catalogue.entry(name)
    if entry is None:
        raise SystemExit(f"timm has no architecture '{name}'")
    folder.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"name": name, "family": entry.family, "px": entry.input_size[1]}
    start = time.monotonic()
    try:
        model = random_model(name, entry.input_size, folder)
        result["base"] = export(model, folder / "base.onnx", model)
        for label, ratio in RATIOS.items():
            ratio_start = time.monotonic()
            work = folder / label
            work.mkdir(exist_ok=True)
            step_result = prune_to(model, PruneChannel(ratio=ratio), ratio, context(model, work), work)
            result[label] = {
                "seconds": time.monotonic() - ratio_start,
                "notes": [note.code for note in step_result.notes],
                "whole": sum(note.code == "kept_whole" for note in step_result.notes),
                **export(step_result.model, folder / f"{label}.onnx", model),
            }
            (work / "weights.safetensors").unlink()
    except FeatherweightError as error:
        result["error"] = str(error)
    result["seconds"] = time.monotonic() - start
    (folder / "weights.safetensors").unlink(missing_ok=True)
    (folder / "built.json").write_text(json.dumps(result, indent=1))
    return result


def random_model(name: str, size: tuple[int, int, int], folder: Path) -> TorchModel:
    """A network with random weights and no dead branch: scales that timm starts at zero are near one."""
    module = build_module(name, SEED, None, None, None)
    torch.manual_seed(SEED)
    with torch.no_grad():
        for layer in module.modules():
            for name_in_layer, tensor in layer.named_parameters(recurse=False):
                if tensor.ndim == 1 and "bias" not in name_in_layer and not isinstance(layer, nn.Linear | nn.Conv2d):
                    tensor.uniform_(0.5, 1.5)
    preprocess = Preprocess(size=size[1:], mean=(0.5,) * size[0], std=(0.25,) * size[0])
    recalibrate(module.eval(), images(preprocess).split("evaluation").span(0, IMAGES))
    return torch_model(
        architecture=name,
        num_classes=module.num_classes,
        in_chans=size[0],
        img_size=None,
        weights=save_weights(module, folder / "weights.safetensors"),
        seed=SEED,
        weights_label="random",
        preprocess=preprocess,
    )


def images(preprocess: Preprocess) -> Data:
    """Noise with the spectrum of photographs."""
    return load(None, Split(), preprocess, SEED, merge_train=True, n_outputs=None)


def context(model: TorchModel, folder: Path) -> TrainingContext:
    return TrainingContext(
        data=images(model.preprocess),
        seed=SEED,
        folder=folder,
        deadline=math.inf,
        isa=isa(),
        target=Target(),
        on_progress=no_progress,
        shared=folder / "shared",
        checkpoint=None,
    )


def export(model: TorchModel, path: Path, original: TorchModel) -> dict[str, Any]:
    """Export the model and return its counts.

    The file is checked on images of the kind that the BatchNorm statistics are of: on white noise the logits of some
    networks explode.
    """
    part = images(original.preprocess).split("evaluation").span(0, 2)
    onnx_model = export_onnx(replace(model, preprocess=original.preprocess), path, next(part.batches(2)))
    return {"macs": onnx_model.macs, "parameters": onnx_model.parameters, "bytes": path.stat().st_size}


def measure(folder: Path) -> dict[str, Any]:
    """The latency of every ratio beside that of the unpruned network, in the same rounds."""
    models = {label: read_onnx(folder / f"{label}.onnx") for label in ("base", *RATIOS)}
    size = models["base"].input_shape
    noise = np.random.default_rng(SEED).standard_normal((1, *size)).astype(np.float32)
    target = Target(threads=cores())
    latencies = compare(time_rounds(models, target, noise, n_rounds=ROUNDS), "base", target)
    rows = {
        label: {
            "p50_ms": latency.p50_ms,
            "ratio": latency.ratio_to_baseline,
            "low": latency.ratio_low,
            "high": latency.ratio_high,
        }
        for label, latency in ((label, pair.require()) for label, pair in latencies.items())
    }
    (folder / "timed.json").write_text(json.dumps(rows | {"cpu": cpu_name(), "threads": cores()}, indent=1))
    return rows


def rows(folder: Path) -> list[dict[str, Any]]:
    """The contents of all built.json, by family and name, with the latencies where they were measured."""
    results = []
    for path in sorted(folder.glob("*/built.json")):
        row = json.loads(path.read_text())
        timings = path.with_name("timed.json")
        results.append(row | {"timed": json.loads(timings.read_text()) if timings.exists() else None})
    return sorted(results, key=lambda row: (row["family"], row["name"]))


def table(results: list[dict[str, Any]]) -> str:
    """Two tables in Markdown: the networks that can be pruned, and those that cannot, with the reason."""
    pruned = [row for row in results if "error" not in row]
    lines = [
        "| family | architecture | px | MACs, divided by | parameters, divided by | latency at 0.5, share | "
        "latency at 0.3, share | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in pruned:
        half = row["half"]
        factors = (f"{row['base'][count] / half[count]:.1f}" for count in ("macs", "parameters"))
        latencies = (_latency(row["timed"], label) for label in RATIOS)
        lines.append(
            "| "
            + " | ".join((row["family"], row["name"], str(row["px"]), *factors, *latencies, f"{half['seconds']:.0f}"))
            + " |"
        )
    lines += ["", "| family | architecture | why not |", "| --- | --- | --- |"]
    lines += [f"| {row['family']} | {row['name']} | {row['error']} |" for row in results if "error" in row]
    return "\n".join(lines)


def _latency(timings: dict[str, Any] | None, label: str) -> str:
    timing = timings and timings[label]
    return f"{timing['ratio']:.2f} ({timing['low']:.2f} to {timing['high']:.2f})" if timing else "not timed"


def main(arguments: list[str]) -> None:
    folder, verb, *rest = Path(arguments[0]), *arguments[1:]
    if verb == "build":
        for name in rest or NETWORKS:
            if not (folder / name / "built.json").exists():
                result = build(folder / name, name)
                print(
                    name,
                    result.get("error") or [result["base"]["macs"] / result[label]["macs"] for label in RATIOS],
                    f"{result['seconds']:.0f} s",
                    flush=True,
                )
    elif verb == "time":
        deadline = time.monotonic() + float(rest[0] if rest else math.inf)
        for row in rows(folder):
            if "error" not in row and row["timed"] is None and time.monotonic() < deadline:
                measure(folder / row["name"])
    elif verb == "table":
        print(table(rows(folder)))
    else:
        raise SystemExit(f"'{verb}' is not build, time or table")


if __name__ == "__main__":
    main(sys.argv[1:])
