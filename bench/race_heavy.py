"""The part of bench/quantize_race.py that needs the heavy libraries, in a process of its own for each call.

    python -m bench.race_heavy calibration MODEL OUT.npz N      the first N images of the calibration split
    python -m bench.race_heavy score JOB.json                   logits of the job's files on the evaluation images
    python -m bench.race_heavy measure JOB.json OUT.json        latency in interleaved rounds, sqnr_db and accuracy

MODEL is a network of bench/race_models.py, JOB one of bench/race_results.py. The caller stays small: a child of a large
process would count its parent's memory as its own peak.
"""

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.race_files import machine
from bench.race_models import NETWORKS
from bench.race_results import FP32, GOAL, Figures, Job, MeasureResult, Speed
from engine import data as images
from engine.data import Data
from engine.errors import FeatherweightError
from engine.measure.contention import watched
from engine.measure.latency import RoundTiming, compare, time_rounds
from engine.measure.predictions import Predictions, predict
from engine.measure.quality import accuracy, agreement, sqnr_db
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.graph import read_onnx
from engine.results import Latency
from engine.settings import SampleData, Split, Target
from engine.system.machine import cores

SEED = 0


def target() -> Target:
    """Batch 1 on all cores in onnxruntime, as FP32 is timed."""
    return Target(threads=cores())


def digits(model: OnnxModel) -> Data:
    return images.load(SampleData(), Split(), model.preprocess, SEED, merge_train=True, n_outputs=model.n_outputs)


def calibration(path: Path, file: Path, n_images: int) -> None:
    """Write the images, (n, C, H, W) float32, under the name of the model's input."""
    model = read_onnx(path)
    batches = list(digits(model).split("calibration").batches(32, limit=n_images))
    np.savez(file, **{model.input_name: np.concatenate(batches)})


def score(job: Job) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Logits on the evaluation images and the errors of files that do not run.

    They are cached by file, arithmetic, processor and the versions of the runtimes.
    """
    model = read_onnx(Path(job.files[FP32].path))
    part = digits(model).split("evaluation")
    logits, errors = {}, {}
    here = hashlib.sha256(machine().encode()).hexdigest()[:12]
    for name, file in job.files.items():
        path, arithmetic = Path(file.path), "_".join(map(str, file.target.arithmetic))
        cached = Path(job.logits) / f"{_content(path)}_{arithmetic}_{here}.npz"
        try:
            if not cached.exists():
                print(f"  logits of {name}", file=sys.stderr, flush=True)
                cached.parent.mkdir(parents=True, exist_ok=True)
                # OpenVINO's own format holds no graph of ONNX to read a batch from: its images are taken one by one.
                batch = 1 if path.suffix == ".xml" else model.batch
                predict(replace(model, path=path, batch=batch), part, file.target).save(cached)
            logits[name] = Predictions.load(cached).logits
        except FeatherweightError as error:
            errors[name] = str(error)
    return logits, errors


def _content(path: Path) -> str:
    """SHA-256 of a file, with that of the weights that OpenVINO keeps beside its graph."""
    return "_".join(file_sha256(one) for one in (path, path.with_suffix(".bin")) if one.exists())


def measure(job: Job) -> MeasureResult:
    """All files of the job side by side; the speed of ours over each of the others is from the same rounds."""
    logits, errors = score(job)
    model = read_onnx(Path(job.files[FP32].path))
    part = digits(model).split("evaluation")
    models = {name: replace(model, path=Path(job.files[name].path)) for name in logits}
    with watched(cores()) as busy_notes:
        timings = time_rounds(
            models,
            target(),
            next(part.batches(1)),
            on_round=_log_round,
            n_rounds=job.rounds,
            targets={name: job.files[name].target for name in models},
        )
    network = next((network for network in NETWORKS if network.name == job.network), None)
    return MeasureResult(
        kind=network.kind if network else "own",
        goal=network.goal if network else GOAL,
        size=model.input_shape[-1],
        figures={name: _figures(name, job.ours, timings, logits, part.labels) for name in models},
        errors=errors,
        busy=" ".join(note.text for note in busy_notes) or None,
    )


def _figures(
    name: str,
    ours: str | None,
    timings: dict[str, list[RoundTiming]],
    logits: dict[str, np.ndarray],
    labels: np.ndarray | None,
) -> Figures:
    if labels is None:
        raise ValueError("the digits have labels")
    latency = compare(timings, FP32, target())[name].require()
    return Figures(
        p50_ms=latency.p50_ms,
        speed=_speed(latency),
        ours_over=_speed(compare(timings, name, target())[ours].require()) if ours in timings else None,
        sqnr_db=sqnr_db(logits[name], logits[FP32]),
        agreement=agreement(logits[name], logits[FP32]),
        top1=accuracy(logits[name], labels).top1,
    )


def _speed(latency: Latency) -> Speed:
    """How many times as fast, from the ratio of the times of one call."""
    return Speed(times=1 / latency.ratio_to_baseline, low=1 / latency.ratio_high, high=1 / latency.ratio_low)


def _log_round(done: int, total: int) -> None:
    print(f"  round {done} of {total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("calibration", "score", "measure"))
    parser.add_argument("first", type=Path)
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    try:
        if arguments.what == "calibration":
            calibration(arguments.first, Path(arguments.rest[0]), int(arguments.rest[1]))
        elif arguments.what == "score":
            score(Job.model_validate_json(arguments.first.read_bytes()))
        else:
            result = measure(Job.model_validate_json(arguments.first.read_bytes()))
            Path(arguments.rest[0]).write_text(result.model_dump_json(indent=1), encoding="utf-8")
    except FeatherweightError as error:
        sys.exit(f"error: {error}")
