"""What distilling adds: a student distilled from the sample against the same student trained on labels alone.

    python -m bench.ablation results.json --seeds 0 1 2 3 4

Two questions, each over all seeds: with every label of the train images, and with a tenth of them, where the distilled
student still trains on the other images, with its teacher's answers in place of labels. Every student makes about
as many steps. Both train through the engine's own steps. Results that `results.json` has already are not computed
again; the table is printed as Markdown. Note that the teacher itself was trained on all labels.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

from engine import data as images
from engine import models
from engine.context import no_progress
from engine.data import Data, Part
from engine.measure.quality import correct
from engine.models.artifacts import OnnxModel, TorchModel
from engine.run.step_runner import StepRunner
from engine.settings import Distill, SampleData, SampleModel, Split, Step, Swap, Target
from engine.store.cache import Cache

STUDENT, EPOCHS, TENTH = "test_resnet", 10, 10
SUPERVISED = Swap(
    architecture=STUDENT,
    weights="random",
    epochs=EPOCHS,
    batch_size=32,
    learning_rate=2e-3,
    patience=0,
    arithmetic="float32",
)
DISTILLED = Distill(
    student=STUDENT,
    student_weights="random",
    epochs=EPOCHS,
    batch_size=32,
    learning_rate=2e-3,
    patience=0,
    arithmetic="float32",
)
ROWS = {
    "all labels": "labels alone",
    "all labels, taught": "distilled, labels 10 % of the loss",
    "tenth": "a tenth of the labels alone",
    "tenth, taught": "distilled, no labels, all images",
}
PAIRS = (("all labels, taught", "all labels"), ("tenth, taught", "tenth"))


def subset(data: Data, seed: int) -> Data:
    """The same data with a tenth of the train images, every class alike."""
    part = data.split("train")
    if part.labels is None:
        raise ValueError("the sample has labels")
    order = np.random.default_rng(seed).permutation(len(part))
    rows_by_class = [
        rows[: math.ceil(len(rows) / TENTH)] for rows in (order[part.labels[order] == label] for label in range(10))
    ]
    train_part = _select(part, np.sort(np.concatenate(rows_by_class)))
    return replace(data, parts={**data.parts, "train": train_part}, sha256=f"{data.sha256} a tenth {seed}")


def _select(part: Part, rows: np.ndarray) -> Part:
    return replace(
        part,
        ids=tuple(part.ids[row] for row in rows),
        hashes=tuple(part.hashes[row] for row in rows),
        labels=None if part.labels is None else part.labels[rows],
        read=lambda index: part.read(int(rows[index])),
    )


def without_labels(data: Data) -> Data:
    """The same data, unlabelled."""
    parts = {name: replace(part, labels=None) for name, part in data.parts.items()}
    return replace(data, parts=parts, classes=None, sha256=f"{data.sha256} unlabelled")


def arms(data: Data, seed: int) -> dict[str, tuple[Data, Step]]:
    """The data and the step of every arm."""
    longer = SUPERVISED.model_copy(update={"epochs": EPOCHS * TENTH})
    return {
        "all labels": (data, SUPERVISED),
        "all labels, taught": (data, DISTILLED),
        "tenth": (subset(data, seed), longer),
        "tenth, taught": (without_labels(data), DISTILLED),
    }


def top1(runner: StepRunner, source: TorchModel, step: Step, labels: np.ndarray) -> float:
    """Top-1 of the exported result of one step."""
    export = runner.export(runner.apply(source, step, no_progress).model, no_progress).model
    if not isinstance(export, OnnxModel):
        raise TypeError("an export is an OnnxModel")
    return float(correct(runner.predict(export, no_progress).logits, labels).mean())


def train(seeds: Iterable[int], results: dict[str, dict[str, float]], file: Path) -> None:
    """Train every arm that `results` lacks, by seed, and write all results to `file` after each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        source = models.load(SampleModel(), None, 0, folder)
        if not isinstance(source, TorchModel):
            raise TypeError("the sample is a torch model")
        data = images.load(SampleData(), Split(), source.preprocess, 0, merge_train=False, n_outputs=10)
        labels = data.split("evaluation").labels
        if labels is None:
            raise ValueError("the sample has labels")
        for seed in seeds:
            by_arm = results.setdefault(str(seed), {})
            for arm, (arm_data, step) in arms(data, seed).items():
                if arm in by_arm:
                    continue
                runner = StepRunner(
                    cache=Cache(folder / "cache"),
                    data=arm_data,
                    target=Target(threads=1),
                    seed=seed,
                    work=folder / "work",
                    deadline=math.inf,
                )
                by_arm[arm] = top1(runner, source, step, labels)
                print(f"seed {seed}, {arm}: {by_arm[arm]:.4f}", flush=True)
                file.write_text(json.dumps(results, indent=1), encoding="utf-8")


def table(results: dict[str, dict[str, float]]) -> str:
    """Markdown: mean, spread and extremes of each arm, and the paired differences with their intervals."""
    percents = {arm: 100 * np.array([by_arm[arm] for by_arm in results.values()]) for arm in ROWS}
    lines = [
        f"| {STUDENT}, {len(results)} seeds | top-1, mean | standard deviation | least to most |",
        "| --- | --- | --- | --- |",
    ]
    for arm, name in ROWS.items():
        values = percents[arm]
        lines.append(
            f"| {name} | {values.mean():.2f} % | {values.std(ddof=1):.2f} | {values.min():.2f} to "
            f"{values.max():.2f} % |"
        )
    for distilled, supervised in PAIRS:
        differences = percents[distilled] - percents[supervised]
        low, high = interval(differences)
        lines += [
            "",
            f"{ROWS[distilled]}, less {ROWS[supervised]}: {differences.mean():+.2f} points "
            f"({low:+.2f} to {high:+.2f}).",
        ]
    return "\n".join(lines)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % of the mean of paired differences (n,), by Student's t."""
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    margin = float(stats.t.ppf(0.975, len(differences) - 1) * error)
    return float(differences.mean() - margin), float(differences.mean() + margin)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    path = arguments.results
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    train(arguments.seeds, results, path)
    print(table(results))
