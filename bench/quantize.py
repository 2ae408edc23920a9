"""Our static INT8 beside onnxruntime's `quantize_static`: wall time and peak memory, same model, images and types.

    python -m bench.quantize [MODEL.onnx] [--images N] [--repeats N]

Without a MODEL it is a tf_efficientnet_lite0 at 224 px with random weights, on whose values neither time nor memory
depends.
Both read the digits one by one through the project's own decoding, enlarged to the model's size. Each is a child
process of its own, the two taking turns; seconds are those of the call, without imports, and MB what its peak adds to
what the process had before it. Every figure is the median of the repeats.

It ends with 1 where ours takes more than 1.2 times the time for min-max, or more than half of the memory for percentile
or entropy.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.race_table import table

DEFAULT = "tf_efficientnet_lite0"
MAX_TIME, MAX_MEMORY = 1.2, 0.5
HEADS = ("calibration", "ours, s", "onnxruntime, s", "ratio", "ours, MB", "onnxruntime, MB", "ratio")


class Case(NamedTuple):
    """A row of the table; onnxruntime has no bias correction, so it is compared without."""

    name: str
    calibration: str
    bias_correction: bool = False


CASES = (
    Case("min-max", "minmax"),
    Case("min-max, ours with bias correction", "minmax", bias_correction=True),
    Case("percentile", "percentile"),
    Case("entropy", "entropy"),
)


class Cost(NamedTuple):
    seconds: float
    mb: float


def compare(model: Path, case: Case, n_images: int, repeats: int) -> tuple[Cost, Cost]:
    """Ours and onnxruntime's, medians of interleaved repeats."""
    costs: dict[str, list[Cost]] = {"ours": [], "onnxruntime": []}
    for number in range(repeats):
        for library in costs if number % 2 == 0 else reversed(costs):
            print(f"  {case.name}: {library}, {number + 1} of {repeats}", file=sys.stderr, flush=True)
            costs[library].append(_cost(library, model, n_images, case))
    ours, onnxruntime = (Cost(*map(median, zip(*library_costs, strict=True))) for library_costs in costs.values())
    return ours, onnxruntime


def _cost(library: str, model: Path, n_images: int, case: Case) -> Cost:
    """Seconds and MB of one call in a process of its own."""
    arguments = [model, n_images, case.calibration, *(["corrected"] if case.bias_correction else [])]
    command = [sys.executable, "-m", "bench.quantize_child", library, *map(str, arguments)]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(process.stdout.splitlines()[-1]))


def export_default(folder: Path) -> Path:
    """The ONNX file of the default network, written to `folder`."""
    path = folder / f"{DEFAULT}.onnx"
    subprocess.run([sys.executable, "-m", "bench.quantize_child", "export", DEFAULT, path], check=True)
    return path


def main(model: Path, n_images: int, repeats: int) -> int:
    rows, violations = [], []
    for case in CASES:
        ours, onnxruntime = compare(model, case, n_images, repeats)
        time_ratio, memory_ratio = ours.seconds / onnxruntime.seconds, ours.mb / onnxruntime.mb
        rows.append(
            (
                case.name,
                f"{ours.seconds:.1f}",
                f"{onnxruntime.seconds:.1f}",
                f"{time_ratio:.2f}",
                f"{ours.mb:.0f}",
                f"{onnxruntime.mb:.0f}",
                f"{memory_ratio:.2f}",
            )
        )
        if case == CASES[0] and time_ratio > MAX_TIME:
            violations.append(f"{case.name} takes {time_ratio:.2f} times the time, more than {MAX_TIME}")
        if case.calibration != "minmax" and memory_ratio > MAX_MEMORY:
            violations.append(f"{case.name} takes {memory_ratio:.0%} of the memory, more than {MAX_MEMORY:.0%}")
    print(f"{model.stem}, {n_images} images, medians of {repeats}\n\n{table(HEADS, rows)}\n")
    print("\n".join(violations) or "OK")
    return 1 if violations else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", help=f"an ONNX file; {DEFAULT} if left out")
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        model = arguments.model or export_default(Path(name))
        sys.exit(main(model, arguments.images, arguments.repeats))
