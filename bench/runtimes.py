"""The best runtime and options for a file, beside onnxruntime with its defaults in the same rounds.

    python -m bench.race_models FOLDER
    python -m bench.runtimes FOLDER [NAME ...] [--batch N] [--card] [--json FILE]

Every network of FOLDER (FOLDER/<name>.onnx) is timed with every row of OPTIONS that this machine has, with --card with
those of CARD_OPTIONS, all on the first NVIDIA card, and, where
`bench.quantize_race` has run before, the recommended file of FOLDER/ours/<name> too. The best of SCREENING rounds and
the defaults are then timed again, in rounds of their own, so that the figure is not the luckiest of many. SQNR is that
of FP32's file beside itself in onnxruntime, on noise: bfloat16 is faster and less exact, and this says by how much. Of
a file with ranges from images noise says nothing: `bench.quantize_race` has its figures.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.race_files import Files, machine
from bench.race_table import table
from engine.errors import FeatherweightError
from engine.measure.contention import watched
from engine.measure.latency import compare, time_rounds
from engine.measure.quality import sqnr_db
from engine.models.artifacts import OnnxModel
from engine.models.graph import read_onnx
from engine.results import Report
from engine.runtimes import open_session, resolve_target
from engine.settings import Target
from engine.settings.target import CUDA
from engine.system.machine import cores

SCREENING, FINAL = 4, 12
DEFAULTS = "FP32, onnxruntime"
OPTIONS: Mapping[str, dict[str, object]] = {
    "onnxruntime": {},
    "onnxruntime, idle threads sleep": {"spinning": False},
    "onnxruntime, one thread": {"threads": 1},
    "OpenVINO, f32": {"runtime": "openvino", "precision": "f32"},
    "OpenVINO, bf16": {"runtime": "openvino", "precision": "bf16"},
}
CARD_OPTIONS: Mapping[str, dict[str, object]] = {
    "onnxruntime": {},
    "32 bits (TF32 off)": {"tf32": False},
    "channels last": {"prefer_nhwc": True},
    "bound buffers": {"bound": True},
    "CUDA graph, bound buffers": {"cuda_graph": True, "bound": True},
    "CUDA graph, bound buffers, channels last": {"cuda_graph": True, "bound": True, "prefer_nhwc": True},
}
HEADS = ("network", "best", "times as fast (95 %)", "SQNR, dB", "all in the screening, times as fast")


def targets(batch: int, *, card: bool) -> dict[str, Target]:
    """The rows of OPTIONS, or of CARD_OPTIONS, that this machine has, by name."""
    found = {}
    provider = {"provider": CUDA} if card else {}
    for name, options in (CARD_OPTIONS if card else OPTIONS).items():
        try:
            found[name] = resolve_target(Target.model_validate({**provider, **options, "batch_size": batch}))
        except FeatherweightError as error:
            print(f"  left out: {name}: {error}", file=sys.stderr)
    return found


def files(folder: Path, name: str) -> dict[str, OnnxModel]:
    """The FP32 file, and what our race has recommended, where it has run."""
    fp32 = read_onnx(folder / f"{name}.onnx")
    out = Files(folder / f"{name}.onnx", 0).out
    report_file = out / "report.json"
    report = Report.model_validate_json(report_file.read_bytes()) if report_file.exists() else None
    best = report.variant(report.recommended.id) if report and report.recommended else None
    if best is None or best.role == "baseline":
        return {"FP32": fp32}
    return {"FP32": fp32, best.label: replace(fp32, path=out / best.file)}


def race(folder: Path, name: str, batch: int, *, card: bool) -> tuple[list[str], dict[str, object]]:
    """The row of one network as text, and its figures."""
    models, rows = files(folder, name), targets(batch, card=card)
    pairs = {f"{file}, {target}": (file, target) for file in models for target in rows}
    timed = {pair: models[file] for pair, (file, _) in pairs.items()}
    timed_at = {pair: rows[target] for pair, (_, target) in pairs.items()}
    channels, height, width = models["FP32"].input_shape[-3:]
    image = np.random.default_rng(0).standard_normal((batch, channels, height, width)).astype(np.float32)
    base = rows["onnxruntime"]
    with watched(cores()) as busy:
        screened = compare(
            time_rounds(timed, base, image, n_rounds=SCREENING, targets=timed_at), DEFAULTS, base, timed_at
        )
        speeds = {pair: one.latency.speedup for pair, one in screened.items() if one.latency is not None}
        best = max(speeds, key=lambda pair: speeds[pair], default=DEFAULTS)
        chosen = {DEFAULTS: timed[DEFAULTS], best: timed[best]}
        timings = time_rounds(chosen, base, image, n_rounds=FINAL, targets=timed_at)
        final = compare(timings, DEFAULTS, base, timed_at)[best].require()
    is_fp32 = timed[best].path == timed[DEFAULTS].path
    answers = (_outputs(timed[pair], timed_at[pair], image) for pair in (best, DEFAULTS))
    sqnr = sqnr_db(*answers) if is_fp32 else None
    for note in busy:
        print(f"  {name}: {note.text}", file=sys.stderr)
    text = [
        name,
        best,
        f"{final.speedup:.2f} ({final.speedup_low:.2f} to {final.speedup_high:.2f})",
        ("∞" if sqnr is None else f"{sqnr:.1f}") if is_fp32 else "",
        ", ".join(f"{pair} {speed:.2f}" for pair, speed in speeds.items()),
    ]
    figures = {"best": best, "low": final.speedup_low, "high": final.speedup_high, "screening": speeds, "sqnr_db": sqnr}
    return text, {**figures, "times": final.speedup, "options": timed_at[best].model_dump()}


def _outputs(model: OnnxModel, target: Target, image: np.ndarray) -> np.ndarray:
    with open_session(model.path, target, output_names=model.output_names) as session:
        return next(iter(session(image).values()))


def main(arguments: argparse.Namespace) -> int:
    names = arguments.names or sorted(path.stem for path in arguments.folder.glob("*.onnx"))
    rows, figures = [], {}
    if not targets(arguments.batch, card=arguments.card):
        return 1
    for name in names:
        print(name, file=sys.stderr, flush=True)
        try:
            row, figures[name] = race(arguments.folder, name, arguments.batch, card=arguments.card)
        except FeatherweightError as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
        rows.append(row)
    print(table(HEADS, rows))
    print(f"\n{machine()}, batch size {arguments.batch}, {FINAL} rounds after {SCREENING} that chose")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--card", action="store_true", help="time the ways of running on the first NVIDIA card")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    sys.exit(main(parser.parse_intermixed_args()))
