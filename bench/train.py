"""Our training loop beside PyTorch's plain one and Hugging Face Accelerate's; distilling with cached answers.

    pip install -r bench/requirements-train.txt
    python -m bench.train [NETWORK:SIZE ...] [--rounds N]
    python -m bench.train --distill [--rounds N]

Images a second of whole trainings (an epoch and its validation) on the sample's train share, decoded once for
all; the loops alternate, each with a new network of the same weights, all on the graphics card where torch can use one,
else on the CPU. All in float32, and ours also in the arithmetic
that its probe chooses; the time of the probe is not counted. Every figure is a median; a ratio is the median of the
rounds' ratios, with its interval. The faster of the two others is the one with the lower median. It ends with
1 where the whole interval says that ours is slower than that one.

`--distill`: the seconds of the whole step, from the sample into a student, with four cached views and with answers
computed anew at every step.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np
import timm
import torch
from torch import nn

from bench.race_table import table
from bench.train_rivals import Images, Rival, accelerated, plain
from engine import data as images
from engine import models
from engine.context import no_progress
from engine.data import Data
from engine.measure.statistics import Interval, trimmed_mean
from engine.run.step_runner import StepRunner
from engine.settings import Distill, Finetune, Preprocess, SampleData, SampleModel, Split, Target
from engine.settings.training import Arithmetic
from engine.store.cache import Cache
from engine.system.machine import cores, cpu_name
from engine.training.batches import Batch, normalised
from engine.training.loop import fit
from engine.training.loss_module import device, loss_of
from engine.training.objectives import Labels
from engine.training.precision import Precision, probe

NETWORKS = ("resnet10t:64", "mobilenetv3_small_050:64", "vit_tiny_patch16_224:64")
EPOCHS, BATCH, RATE, SHARE = 1, 64, 1e-3, 0.9
HEADS = ("network, px", "ours", "plain PyTorch", "Accelerate", "ours over the faster", "as the probe chooses", "gain")
STUDENT, DISTILL_EPOCHS = "test_resnet", 8


def time_runs(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of every run by round, (rounds,), in reverse order in every other round; a first round is not counted."""
    seconds_by_run: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-1, rounds):
        for name in runs if number % 2 else reversed(runs):
            start = time.perf_counter()
            runs[name]()
            if number >= 0:
                seconds_by_run[name].append(time.perf_counter() - start)
    return {name: np.array(seconds) for name, seconds in seconds_by_run.items()}


def network_row(name: str, size: int, rounds: int) -> tuple[list[str], bool]:
    """The row of the table, and whether ours is not surely slower."""
    preprocess = Preprocess(size=(size, size), mean=(0.5,), std=(0.5,), interpolation="bilinear", channels="gray")
    with tempfile.TemporaryDirectory() as folder:
        data = images.load(SampleData(), Split(), preprocess, 0, merge_train=False, n_outputs=10)
        part = data.split("train").cached(Path(folder))
        pixels, labels = np.array(part.array), np.array(part.labels)
    precision = _probe_precision(_network(name, size), pixels, labels, preprocess)
    runs = {
        "ours": partial(_ours, name, size, pixels, labels, preprocess, "float32"),
        "plain": partial(_theirs, plain, name, size, pixels, labels, preprocess),
        "accelerate": partial(_theirs, accelerated, name, size, pixels, labels, preprocess),
        "chosen": partial(_ours, name, size, pixels, labels, preprocess, precision.arithmetic),
    }
    if precision.arithmetic == "float32":
        del runs["chosen"]
    seconds = time_runs(runs, rounds)
    n_images = EPOCHS * (round(len(labels) * SHARE) // BATCH) * BATCH
    rates = {run: f"{n_images / median(run_seconds):.0f}" for run, run_seconds in seconds.items()}
    speed_up = min(seconds["plain"], seconds["accelerate"], key=median) / seconds["ours"]
    gain = _ratio(seconds["ours"] / seconds["chosen"]) if "chosen" in seconds else ""
    precision_cell = f"{precision.arithmetic}: {rates['chosen']}" if "chosen" in seconds else precision.arithmetic
    figures = [rates["ours"], rates["plain"], rates["accelerate"], _ratio(speed_up), precision_cell, gain]
    return [f"{name}, {size}", *figures], _interval(speed_up).high >= 1


def _network(name: str, size: int) -> nn.Module:
    torch.manual_seed(0)
    sized = {"img_size": size} if "vit" in name else {}
    module: nn.Module = timm.create_model(name, num_classes=10, in_chans=1, **sized)
    return module


def _probe_precision(module: nn.Module, pixels: np.ndarray, labels: np.ndarray, preprocess: Preprocess) -> Precision:
    rows = np.arange(BATCH)
    batch = Batch(rows, 0, pixels[rows], normalised(pixels[rows], preprocess))

    def step(network: nn.Module, precision: Precision) -> float:
        network.train()
        loss = loss_of(network, batch, Labels(labels, 0.1), precision)
        loss.backward()
        return loss.item()

    return probe(module.to(device()), step, device(), math.inf).precision


def _ours(
    name: str, size: int, pixels: np.ndarray, labels: np.ndarray, preprocess: Preprocess, arithmetic: Arithmetic
) -> None:
    settings = Finetune(epochs=EPOCHS, learning_rate=RATE, batch_size=BATCH, shift=0.0, arithmetic=arithmetic)
    fit(
        _network(name, size),
        pixels,
        Labels(labels, 0.1),
        preprocess,
        settings,
        seed=0,
        deadline=math.inf,
        on_epoch=lambda point: None,
    )


def _theirs(rival: Rival, name: str, size: int, pixels: np.ndarray, labels: np.ndarray, preprocess: Preprocess) -> None:
    n_train = round(len(labels) * SHARE)
    splits = slice(n_train), slice(n_train, None)
    train, validation = (Images(pixels[rows], labels[rows], preprocess) for rows in splits)
    rival(_network(name, size), train, validation, EPOCHS, BATCH, RATE)


def distil_row(rounds: int) -> list[str]:
    """The row of the table: seconds of the whole step with cached answers and with answers computed anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = models.load(SampleModel(), None, 0, folder)
        data = images.load(SampleData(), Split(), source.preprocess, 0, merge_train=False, n_outputs=10)
        work_numbers = count()

        def run(views: int) -> None:
            work = folder / f"work{next(work_numbers)}"
            work.mkdir()
            _runner(work, data).apply(source, settings.model_copy(update={"views": views}), no_progress)

        settings = Distill(student=STUDENT, student_weights="random", epochs=DISTILL_EPOCHS, arithmetic="float32")
        seconds = time_runs({"kept": partial(run, settings.views), "anew": partial(run, 0)}, rounds)
    return [
        f"{STUDENT}, {DISTILL_EPOCHS} epochs",
        f"{median(seconds['kept']):.1f}",
        f"{median(seconds['anew']):.1f}",
        _ratio(seconds["anew"] / seconds["kept"]),
    ]


def _runner(work: Path, data: Data) -> StepRunner:
    return StepRunner(
        cache=Cache(work / "cache"), data=data, target=Target(threads=cores()), seed=0, work=work, deadline=math.inf
    )


def _ratio(ratios: np.ndarray) -> str:
    center, low, high = _interval(ratios)
    return f"{center:.2f} ({low:.2f} to {high:.2f})"


def _interval(ratios: np.ndarray) -> Interval:
    return trimmed_mean(np.log(ratios)).exp()


def main(networks: list[str], rounds: int, distil: bool) -> int:
    print(f"{cpu_name()}, {cores()} cores, {torch.get_num_threads()} threads, {rounds} rounds\n")
    if distil:
        print(table(("student", "kept, s", "anew, s", "anew over kept"), [distil_row(rounds)]))
        return 0
    results = [network_row(name, int(size), rounds) for name, size in (one.split(":") for one in networks)]
    print(table(HEADS, [row for row, _ in results]))
    slower = [row[0] for row, ok in results if not ok]
    print(f"\nSlower than the faster of the two: {'; '.join(slower)}" if slower else "\nOK")
    return 1 if slower else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK:SIZE")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--distill", action="store_true")
    arguments = parser.parse_intermixed_args()
    sys.exit(main(arguments.networks, arguments.rounds, arguments.distill))
