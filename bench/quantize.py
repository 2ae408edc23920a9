"""Our static INT8 beside onnxruntime's `quantize_static`: wall time and peak memory, same model, images and types.

    python -m bench.quantize [MODEL.onnx] [--images N] [--repeats N]

Without a MODEL it is a random tf_efficientnet_lite0 at 224 px: neither time nor memory depends on what weights mean.
Both read the digits one by one through the project's own decoding, enlarged as the model wants them. Each is a child
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
        for who in costs if number % 2 == 0 else reversed(costs):
            print(f"  {case.name}: {who}, {number + 1} of {repeats}", file=sys.stderr, flush=True)
            costs[who].append(_cost(who, model, n_images, case))
    ours, theirs = (Cost(*map(median, zip(*some, strict=True))) for some in costs.values())
    return ours, theirs


def _cost(who: str, model: Path, n_images: int, case: Case) -> Cost:
    """Of one call in a process of its own."""
    arguments = [model, n_images, case.calibration, *(["corrected"] if case.bias_correction else [])]
    command = [sys.executable, "-m", "bench.quantize_child", who, *map(str, arguments)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(ended.stdout.splitlines()[-1]))


def exported(folder: Path) -> Path:
    """The network that is taken where none is named."""
    path = folder / f"{DEFAULT}.onnx"
    subprocess.run([sys.executable, "-m", "bench.quantize_child", "export", DEFAULT, path], check=True)
    return path


def main(model: Path, n_images: int, repeats: int) -> int:
    rows, broken = [], []
    for case in CASES:
        ours, theirs = compare(model, case, n_images, repeats)
        slower, larger = ours.seconds / theirs.seconds, ours.mb / theirs.mb
        rows.append(
            (
                case.name,
                f"{ours.seconds:.1f}",
                f"{theirs.seconds:.1f}",
                f"{slower:.2f}",
                f"{ours.mb:.0f}",
                f"{theirs.mb:.0f}",
                f"{larger:.2f}",
            )
        )
        if case == CASES[0] and slower > MAX_TIME:
            broken.append(f"{case.name} takes {slower:.2f} times the time, more than {MAX_TIME}")
        if case.calibration != "minmax" and larger > MAX_MEMORY:
            broken.append(f"{case.name} takes {larger:.0%} of the memory, more than {MAX_MEMORY:.0%}")
    print(f"{model.stem}, {n_images} images, medians of {repeats}\n\n{table(HEADS, rows)}\n")
    print("\n".join(broken) or "OK")
    return 1 if broken else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", help=f"an ONNX file; {DEFAULT} if left out")
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        model = arguments.model or exported(Path(name))
        sys.exit(main(model, arguments.images, arguments.repeats))
