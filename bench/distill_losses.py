"""Which distillation loss is worth it: the same small student on labels alone and with each loss, over all seeds.

    python -m bench.distill_losses results.json --seeds 0 1 2 3 4

On the sample's digits, and on the same digits in noise, which are harder, at 16 px, in the engine's own loop. The
teacher of each set is trained on its labels first. Labels have the default share of the loss. Results that
`results.json` has already are not computed again; the table is printed as Markdown.
"""

import argparse
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import nn

from bench.ablation import interval
from engine import data as images
from engine.settings import Distill, Finetune, Preprocess, SampleData, Split
from engine.settings.distillation import LOSSES as NAMES
from engine.settings.distillation import DistillationLoss
from engine.settings.training import Training
from engine.training.batches import Batch, Pixels, Views, normalised
from engine.training.distillation_losses import LOSSES
from engine.training.loop import fit
from engine.training.objectives import Answers, Labels, Objective

TEACHER, STUDENT, PX, EPOCHS, TEACHER_EPOCHS, VIEWS = "resnet10t", "test_resnet", 16, 8, 8, 4
PREPROCESS = Preprocess(size=(PX, PX), mean=(0.5,), std=(0.25,), channels="gray")
STEP = Distill(epochs=EPOCHS, batch_size=32, learning_rate=2e-3, patience=0, arithmetic="float32", views=VIEWS)
TEACHER_STEP = Finetune(epochs=TEACHER_EPOCHS, batch_size=32, learning_rate=2e-3, patience=0, arithmetic="float32")
SETS: Mapping[str, float] = {"digits in noise": 90.0, "digits": 0.0}
"""The standard deviation, of 255, of the noise on a pixel."""
LABELS_ALONE = "labels"
ARMS = {LABELS_ALONE: "labels alone", **NAMES}
Classes = NDArray[np.int64]
Parts = dict[str, tuple[Pixels, Classes]]
"""The pixels (N, H, W, C) and labels (N,) of train and evaluation."""


def examples(noise: float) -> Parts:
    """The sample's digits with noise of this standard deviation on every pixel, its own one for each image."""
    data = images.load(SampleData(), Split(), PREPROCESS, 0, merge_train=False, n_outputs=10)
    parts = {}
    for name in ("train", "evaluation"):
        part = data.split(name)
        if part.labels is None:
            raise ValueError("the sample has labels")
        pixels = np.stack([part.pixels(index) for index in range(len(part))])
        noisy = pixels + np.random.default_rng(len(part)).normal(0, noise, pixels.shape)
        parts[name] = np.clip(np.rint(noisy), 0, 255).astype(np.uint8), part.labels
    return parts


def train(seeds: Iterable[int], results: dict[str, dict[str, dict[str, float]]], file: Path) -> None:
    """Train every arm that `results` lacks, by set and seed, and write all results to `file` after each."""
    for set_name, noise in SETS.items():
        parts, by_seed = examples(noise), results.setdefault(set_name, {})
        pixels, labels = parts["train"]
        views = Views(pixels, STEP, 0)
        teacher = network(TEACHER, 0)
        learn(teacher, pixels, Labels(labels, STEP.label_smoothing), TEACHER_STEP, 0)
        print(f"{set_name}, the teacher: {top1(teacher, *parts['evaluation']):.4f}", flush=True)
        everything = np.arange(len(pixels))
        answers = np.stack([outputs(teacher, views.of(everything, view)).numpy() for view in range(VIEWS)])
        for seed in seeds:
            by_arm = by_seed.setdefault(str(seed), {})
            for arm in ARMS:
                if arm in by_arm:
                    continue
                student = network(STUDENT, seed)
                learn(student, pixels, objective(arm, labels, answers), STEP, seed)
                by_arm[arm] = top1(student, *parts["evaluation"])
                print(f"{set_name}, seed {seed}, {arm}: {by_arm[arm]:.4f}", flush=True)
                file.write_text(json.dumps(results, indent=1), encoding="utf-8")


def network(name: str, seed: int) -> nn.Module:
    """A timm network with random weights for grey digits."""
    torch.manual_seed(seed)
    module: nn.Module = timm.create_model(name, num_classes=10, in_chans=1)
    return module


def objective(arm: str, labels: Classes, answers: NDArray[np.float32]) -> Objective:
    """What an arm learns; `answers` (views, N, classes) are the teacher's logits."""
    by_label = Labels(labels, STEP.label_smoothing)
    if arm == LABELS_ALONE:
        return by_label

    def of_batch(batch: Batch) -> NDArray[np.float32]:
        return answers[batch.view, batch.rows]

    return Answers(
        answers=of_batch,
        plain=answers[0],
        n_views=VIEWS,
        temperature=STEP.temperature,
        compare=LOSSES[cast(DistillationLoss, arm)],
        labels=by_label,
        label_share=STEP.label_share,
    )


def learn(module: nn.Module, pixels: Pixels, what: Objective, settings: Training, seed: int) -> None:
    """Trains in place. The views depend on the seed 0, of which the answers are."""
    torch.manual_seed(seed)
    fit(module, pixels, what, PREPROCESS, settings, seed=0, deadline=math.inf, on_epoch=lambda point: None)


@torch.inference_mode()
def outputs(module: nn.Module, pixels: Pixels) -> torch.Tensor:
    """(N, classes) logits of (N, H, W, C) pixels."""
    result: torch.Tensor = module.eval()(normalised(pixels, PREPROCESS))
    return result


def top1(module: nn.Module, pixels: Pixels, labels: Classes) -> float:
    return float((outputs(module, pixels).argmax(1).numpy() == labels).mean())


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Markdown: by set and arm the mean top-1, and the paired difference to labels alone with its interval."""
    lines = [
        "| images | learns from | seeds | top-1, mean | points more than labels alone (95 %) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for set_name, by_seed in results.items():
        seeds = [by_arm for by_arm in by_seed.values() if set(ARMS) <= set(by_arm)]
        percents = {arm: 100 * np.array([by_arm[arm] for by_arm in seeds]) for arm in ARMS}
        for arm, name in ARMS.items():
            differences = percents[arm] - percents[LABELS_ALONE]
            low, high = interval(differences)
            gain = "" if arm == LABELS_ALONE else f"{differences.mean():+.2f} ({low:+.2f} to {high:+.2f})"
            lines.append(f"| {set_name} | {name} | {len(seeds)} | {percents[arm].mean():.2f} % | {gain} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    path = arguments.results
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    train(arguments.seeds, results, path)
    print(table(results))
