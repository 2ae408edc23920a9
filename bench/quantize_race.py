"""Our `quantize` with method auto beside what a user would run instead, on the networks of bench/race_models.py.

    python -m bench.race_models FOLDER                   the twelve networks
    python -m venv RIVALS && RIVALS/bin/pip install -r bench/requirements-rivals.txt
    python -m venv QUARK && QUARK/bin/pip install -r bench/requirements-quark.txt
    python -m bench.quantize_race FOLDER --rivals RIVALS/bin/python --quark QUARK/bin/python [NAME ...]
    python -m bench.quantize_race FOLDER --rivals … --quark … --build            only makes the rivals' files
    python -m bench.quantize_race FOLDER --table                                 prints what was measured before

Ours is `python -m engine optimize` in a home of its own, with the digits as data and `runtime: any`; each rival
(bench/rivals.py) gets the same calibration images. All files of a network are then timed in the same rounds, each in
the runtime that it is made for, one live session at a time, batch 1 on all cores. Speed is over the FP32 file in
onnxruntime with its defaults. Fidelity and accuracy are on the evaluation images that report. Wall time and peak memory
are those of making the file: of the whole command for ours, without the start of Python for a rival.

AdaRound takes minutes to half an hour a network; `--without quark_adaround aimet_adaround` leaves those rivals out.

Files stay in FOLDER/rivals and FOLDER/ours with their time and memory, or with the error where one failed: remove the
folder to make and time them anew. Ours is made anew by itself where the engine's sources have changed. Logits stay in
FOLDER/logits by the content of the file and the versions of the runtimes. Results are added to FOLDER/results.json
after each network; remove it to measure again. A network whose file or number of images has changed is measured again.

It ends with 1 where ours misses its claim on a network: it loses at most a point of top-1; it is at least as fast as
every rival that loses no more (the upper end of the interval of our speed over it is at least 1); and it is as many
times as fast as FP32 as the network's goal says (bench/race_models.py), and surely faster. So it does where a network
was not raced, or a rival that was not left out, and where a rival failed on every network.
"""

import argparse
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from bench.race_files import Files, build_ours, build_rivals, heavy, machine
from bench.race_results import FP32, OURS, BuildResult, Entry, File, Job, MeasureResult, Results, Row
from bench.race_table import report
from bench.rivals import RIVALS
from engine.settings import Target
from engine.system.machine import cores

Pythons = Mapping[str, Path]
"""The interpreter of each of the rivals' environments."""

ROUNDS = 12
CALIBRATION_IMAGES = 128
"""As many as our default; ours uses half of them to screen its candidates."""


def race(files: Files, pythons: Pythons, rounds: int, without: Collection[str]) -> Entry:
    """Build the missing files of a network, and measure all side by side."""
    rivals = build_rivals(files, pythons, without)
    _log("  ours")
    ours, path = build_ours(files)
    built = {FP32: rivals.pop(FP32), OURS: ours, **rivals}
    measurements = measure(files, built, path, rounds)
    ours_is_fp32 = _is_fp32(files, ours, path)
    return Entry(
        kind=measurements.kind,
        size=measurements.size,
        goal=measurements.goal,
        rounds=rounds,
        calibration_images=files.n_images,
        machine=machine(),
        busy=measurements.busy,
        rows={
            name: _row(FP32 if name == OURS and ours_is_fp32 else name, result, measurements)
            for name, result in built.items()
        },
    )


def measure(files: Files, built: dict[str, BuildResult], ours: Path | None, rounds: int) -> MeasureResult:
    """Measure all files that could be built. Where ours is the FP32 file itself, it is timed once."""
    job = _job(files, built, ours, rounds)
    output = files.folder / "measured.json"
    heavy("measure", _write_job(job, files), output)
    return MeasureResult.model_validate_json(output.read_bytes())


def build(networks: list[Files], pythons: Pythons, without: Collection[str]) -> None:
    """Make all the rivals' files, then their logits, so that a race has less to do."""
    for files in networks:
        _log(files.fp32.stem)
        build_rivals(files, pythons, without)
    for files in networks:
        _log(f"{files.fp32.stem}: logits")
        heavy("score", _write_job(_job(files, build_rivals(files, pythons, without), None, 0), files))


def _job(files: Files, built: dict[str, BuildResult], ours: Path | None, rounds: int) -> Job:
    ours_is_fp32 = OURS in built and _is_fp32(files, built[OURS], ours)
    paths = {name: files.file(name) for name, result in built.items() if name != OURS and result.error is None}
    if ours is not None and not ours_is_fp32:
        paths[OURS] = ours
    return Job(
        network=files.fp32.stem,
        files={name: File(path=str(path), target=_target(built[name])) for name, path in paths.items()},
        logits=str(files.logits),
        ours=FP32 if ours_is_fp32 else OURS,
        rounds=rounds,
    )


def _target(built: BuildResult) -> Target:
    return built.target or Target(threads=cores())


def _is_fp32(files: Files, ours: BuildResult, path: Path | None) -> bool:
    """Whether ours is the FP32 file in onnxruntime with its defaults, which is timed once."""
    return path == files.fp32 and _target(ours).runtime == "onnxruntime"


def _write_job(job: Job, files: Files) -> Path:
    path = files.folder / "job.json"
    path.write_text(job.model_dump_json(indent=1), encoding="utf-8")
    return path


def _row(name: str, built: BuildResult, measurements: MeasureResult) -> Row:
    """The row of a method, with the error of a file that could be built and does not run."""
    error = built.error or measurements.errors.get(name)
    return Row(built=built.model_copy(update={"error": error}), figures=measurements.figures.get(name))


def main(arguments: argparse.Namespace, names: list[str]) -> int:
    results = Results.load(arguments.folder / "results.json")
    networks = [Files(arguments.folder / f"{name}.onnx", arguments.images) for name in names]
    pythons = {"rivals": arguments.rivals, "quark": arguments.quark}
    if arguments.build:
        build(networks, pythons, arguments.without)
        return 0
    for name, files in zip(names, networks, strict=True):
        if not arguments.table and not results.has(name, files.source):
            _log(name)
            results.networks[name] = race(files, pythons, arguments.rounds, arguments.without)
            results.save(arguments.folder / "results.json")
    raced = {name: results.networks[name] for name in names if name in results.networks}
    text, ok = report(raced, names, arguments.without)
    print(text)
    return 0 if ok else 1


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the networks lie, as <name>.onnx")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these networks")
    parser.add_argument("--rivals", type=Path, metavar="PYTHON", help="the rivals' environment's own python")
    parser.add_argument("--quark", type=Path, metavar="PYTHON", help="that of AMD Quark's environment")
    parser.add_argument("--build", action="store_true", help="only make the rivals' files")
    parser.add_argument("--without", nargs="+", choices=RIVALS, default=(), help="do not make these rivals' files")
    parser.add_argument("--table", action="store_true", help="only print what was measured before")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--images", type=int, default=CALIBRATION_IMAGES, help="for calibration")
    arguments = parser.parse_intermixed_args()
    available = sorted(path.stem for path in arguments.folder.glob("*.onnx"))
    if unknown := set(arguments.names) - set(available):
        parser.error(f"not in {arguments.folder}: {', '.join(sorted(unknown))}")
    if not arguments.table and None in (arguments.rivals, arguments.quark):
        parser.error("--rivals and --quark name the pythons that have bench/requirements-rivals.txt and -quark.txt")
    sys.exit(main(arguments, arguments.names or available))
