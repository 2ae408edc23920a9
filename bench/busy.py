"""Whether a busy machine falsifies a ratio: two files beside other programs, over and over, against a quiet machine.

    python -m bench.busy FP32.onnx INT8.onnx [--times 20] [--busy 3] [--threads N] [--quiet RATIO]

It measures the ratio three times with nothing beside it (or takes `--quiet`), then so many times beside so many
programs that use a core each. Each time must give an interval that holds the quiet ratio, or a ratio within 25 % of it,
or say that it could not measure; it ends with 1 where more than one in twenty does none of these.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np

from bench.agreement import BUSY
from engine.measure.latency import PairedLatency, measure_latency
from engine.models.graph import read_onnx
from engine.settings import Target
from engine.system.machine import cores, cpu_name

CLOSE = 0.25


def measure(files: list[Path], target: Target) -> PairedLatency:
    """The second file beside the first, on noise, as a run measures it."""
    models = {path.name: read_onnx(path) for path in files}
    images = np.random.default_rng(0).standard_normal((1, *models[files[0].name].input_shape), dtype=np.float32)
    return measure_latency(models, files[0].name, target, images)[files[1].name]


def main(args: argparse.Namespace) -> int:
    target = Target(threads=args.threads, batch_size=1)
    print(f"{cpu_name()}, {cores()} cores, {args.threads} threads, {args.busy} busy programs beside")
    quiet = args.quiet or median(measure(args.files, target).require().ratio_to_baseline for _ in range(3))
    print(f"quiet: {quiet:.3f}", flush=True)
    others = [subprocess.Popen(BUSY) for _ in range(args.busy)]
    n_wrong = 0
    try:
        for _ in range(args.times):
            pair = measure(args.files, target)
            latency = pair.latency
            if latency is None:
                estimate = pair.estimate.ratio_to_baseline if pair.estimate else float("nan")
                print(f"not measured; by processor time {estimate:.3f}", flush=True)
                continue
            holds = latency.ratio_low <= quiet <= latency.ratio_high
            is_close = abs(latency.ratio_to_baseline / quiet - 1) <= CLOSE
            n_wrong += not (holds or is_close)
            print(
                f"{latency.ratio_to_baseline:.3f} ({latency.ratio_low:.3f} to {latency.ratio_high:.3f}), "
                f"{latency.n_rounds} rounds, {latency.n_runs} of {latency.n_runs + latency.n_disturbed} calls, "
                f"{'holds it' if holds else 'close' if is_close else 'WRONG'}",
                flush=True,
            )
    finally:
        for other in others:
            other.kill()
    print(f"{n_wrong} of {args.times} wrong")
    return int(n_wrong > args.times / 20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs=2)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--busy", type=int, default=3)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--quiet", type=float)
    sys.exit(main(parser.parse_args()))
