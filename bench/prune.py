"""Which timm architectures can be pruned: what a cut leaves of MACs and latency, at two ratios, with random weights.

    python -m bench.prune FOLDER build [ARCHITECTURE ...]     cut and export, what is there already is left alone
    python -m bench.prune FOLDER time [SECONDS]               time what is built, pruned and unpruned in turn
    python -m bench.prune FOLDER table > docs/prunable.md     the table

The exit status is that of the last command; a network that resists has its reason in FOLDER/NAME/built.json.
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
from engine.measure.latency import compare, take_turns
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
    """The network as it is and at every ratio, as ONNX files in `folder`, and what was found out about each."""
    known = catalogue.entry(name)
    if known is None:
        raise SystemExit(f"timm has no architecture '{name}'")
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"name": name, "family": known.family, "px": known.input_size[1]}
    began = time.monotonic()
    try:
        model = living(name, known.input_size, folder)
        found["base"] = exported(model, folder / "base.onnx", model)
        for label, ratio in RATIOS.items():
            started = time.monotonic()
            work = folder / label
            work.mkdir(exist_ok=True)
            made = prune_to(model, PruneChannel(ratio=ratio), ratio, context(model, work), work)
            found[label] = {
                "seconds": time.monotonic() - started,
                "notes": [note.code for note in made.notes],
                "whole": sum(note.code == "kept_whole" for note in made.notes),
                **exported(made.model, folder / f"{label}.onnx", model),
            }
            (work / "weights.safetensors").unlink()
    except FeatherweightError as error:
        found["error"] = str(error)
    found["seconds"] = time.monotonic() - began
    (folder / "weights.safetensors").unlink(missing_ok=True)
    (folder / "built.json").write_text(json.dumps(found, indent=1))
    return found


def living(name: str, size: tuple[int, int, int], folder: Path) -> TorchModel:
    """Random weights in which every branch lives: scales that timm begins with at zero are near one."""
    module = build_module(name, SEED, None, None, None)
    torch.manual_seed(SEED)
    with torch.no_grad():
        for layer in module.modules():
            for own, tensor in layer.named_parameters(recurse=False):
                if tensor.ndim == 1 and "bias" not in own and not isinstance(layer, nn.Linear | nn.Conv2d):
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


def exported(model: TorchModel, path: Path, like: TorchModel) -> dict[str, Any]:
    """Checked on images of the kind that the statistics are of: on white noise the logits of some explode."""
    seen = images(like.preprocess).split("evaluation").span(0, 2)
    made = export_onnx(replace(model, preprocess=like.preprocess), path, next(seen.batches(2)))
    return {"macs": made.macs, "parameters": made.parameters, "bytes": path.stat().st_size}


def measure(folder: Path) -> dict[str, Any]:
    """The latency of every ratio beside the network as it was, in the same rounds."""
    models = {label: read_onnx(folder / f"{label}.onnx") for label in ("base", *RATIOS)}
    size = models["base"].input_shape
    noise = np.random.default_rng(SEED).standard_normal((1, *size)).astype(np.float32)
    target = Target(threads=cores())
    timed = compare(take_turns(models, target, noise, n_rounds=ROUNDS), "base", target)
    rows = {
        label: {"p50_ms": one.p50_ms, "ratio": one.ratio_to_baseline, "low": one.ratio_low, "high": one.ratio_high}
        for label, (one, _) in timed.items()
    }
    (folder / "timed.json").write_text(json.dumps(rows | {"cpu": cpu_name(), "threads": cores()}, indent=1))
    return rows


def rows(folder: Path) -> list[dict[str, Any]]:
    """What was built, by family and name, with the latencies where they were taken."""
    found = []
    for path in sorted(folder.glob("*/built.json")):
        row = json.loads(path.read_text())
        timed = path.with_name("timed.json")
        found.append(row | {"timed": json.loads(timed.read_text()) if timed.exists() else None})
    return sorted(found, key=lambda row: (row["family"], row["name"]))


def table(found: list[dict[str, Any]]) -> str:
    """Markdown: what can be pruned, and what cannot."""
    cut = [row for row in found if "error" not in row]
    lines = [
        "| family | architecture | px | MACs, divided by | parameters, divided by | latency at 0.5, share | "
        "latency at 0.3, share | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in cut:
        half = row["half"]
        by = (f"{row['base'][what] / half[what]:.1f}" for what in ("macs", "parameters"))
        latencies = (_latency(row["timed"], label) for label in RATIOS)
        lines.append(
            "| "
            + " | ".join((row["family"], row["name"], str(row["px"]), *by, *latencies, f"{half['seconds']:.0f}"))
            + " |"
        )
    lines += ["", "| family | architecture | why not |", "| --- | --- | --- |"]
    lines += [f"| {row['family']} | {row['name']} | {row['error']} |" for row in found if "error" in row]
    return "\n".join(lines)


def _latency(timed: dict[str, Any] | None, label: str) -> str:
    one = timed and timed[label]
    return f"{one['ratio']:.2f} ({one['low']:.2f} to {one['high']:.2f})" if one else "not timed"


def main(arguments: list[str]) -> None:
    folder, verb, *rest = Path(arguments[0]), *arguments[1:]
    if verb == "build":
        for name in rest or NETWORKS:
            if not (folder / name / "built.json").exists():
                found = build(folder / name, name)
                print(
                    name,
                    found.get("error") or [found["base"]["macs"] / found[label]["macs"] for label in RATIOS],
                    f"{found['seconds']:.0f} s",
                    flush=True,
                )
    elif verb == "time":
        until = time.monotonic() + float(rest[0] if rest else math.inf)
        for row in rows(folder):
            if "error" not in row and row["timed"] is None and time.monotonic() < until:
                measure(folder / row["name"])
    elif verb == "table":
        print(table(rows(folder)))
    else:
        raise SystemExit(f"'{verb}' is not build, time or table")


if __name__ == "__main__":
    main(sys.argv[1:])
