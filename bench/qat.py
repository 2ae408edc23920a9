"""The accuracy that qat recovers from static INT8: FP32, static INT8 and qat of the race's networks, side by side.

    python -m bench.qat FOLDER NAME ... [--epochs N]     FOLDER holds <name>.onnx, as bench.race_models writes them

One run a network on the digits, each chain simplified first, as the race does; prints a Markdown table of the
report's figures. The home is a fresh temporary folder.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import engine
from bench.race_models import NETWORKS, preprocess_for
from bench.race_table import table
from engine import Budget, FileModel, Qat, QuantizeStatic, Recipe, SampleData, Simplify, Variant

HOME = "FEATHERWEIGHT_HOME"
HEADS = ("network", "model", "top-1", "lost against FP32", "latency against FP32", "MB")


def recipe(name: str, path: Path, epochs: int) -> Recipe:
    size = next(network.size for network in NETWORKS if network.name == name)
    static = QuantizeStatic(method="static")
    return Recipe(
        name=name,
        model=FileModel(path=str(path)),
        data=SampleData(),
        preprocess=preprocess_for(size),
        budget=Budget(minutes=60),
        branches=((Simplify(), static), (Simplify(), Qat(epochs=epochs))),
    )


def row(name: str, variant: Variant) -> list[str]:
    accuracy, latency, verdict = variant.accuracy, variant.latency, variant.verdict
    if accuracy is None or latency is None:
        raise RuntimeError(f"{variant.label} was not measured")
    drop = (
        ""
        if verdict is None or verdict.drop is None
        else (f"{verdict.drop:.2%} ({verdict.drop_low:.2%} to {verdict.drop_high:.2%})")
    )
    ratio = f"{latency.ratio_to_baseline:.2f} ({latency.ratio_low:.2f} to {latency.ratio_high:.2f})"
    top1 = f"{accuracy.top1:.2%} ({accuracy.low:.2%} to {accuracy.high:.2%})"
    return [name, variant.label, top1, drop, ratio, f"{variant.size_bytes / 1e6:.2f}"]


def main(folder: Path, names: Sequence[str], epochs: int) -> None:
    rows: list[list[str]] = []
    for name in names:
        report = engine.optimize(recipe(name, folder / f"{name}.onnx", epochs), Path(os.environ[HOME]) / name)
        for failure in report.failures:
            print(f"{name}: {failure.message}", file=sys.stderr)
        rows += [row(name, variant) for variant in report.main_variants]
        notes = (note.text for variant in report.variants if variant.technique == "qat" for note in variant.notes)
        print(f"{name}, {report.seconds:.0f} s: {'. '.join(notes)}", file=sys.stderr)
    print(table(HEADS, rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the ONNX files are")
    parser.add_argument("names", nargs="+", choices=[network.name for network in NETWORKS], metavar="NAME")
    parser.add_argument("--epochs", type=int, default=Qat().epochs)
    arguments = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME] = home
        main(arguments.folder, arguments.names, arguments.epochs)
