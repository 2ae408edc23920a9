"""The files of a race: ours and the rivals', each made in processes of its own, with wall seconds and peak memory.

Nothing heavy is imported here: a child of a large process would count its parent's memory as its own peak.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.race_results import FP32, BuildResult
from bench.rivals import RIVALS
from engine.results import Report, Variant
from engine.settings import Target
from engine.system.machine import cores, cpu_name, isa, own_version, runtime_distributions, versions

LONGEST_S = 1200
ERROR_CHARS = 200
BUILDER = Path(__file__).with_name("rivals.py")
PROGRESS = "  "
"""The start of a line that reports progress."""


@dataclass(frozen=True)
class Files:
    """Where the files of one network lie, below the folder of bench/race_models.py."""

    fp32: Path
    n_images: int

    @property
    def folder(self) -> Path:
        return self.fp32.parent / "rivals" / self.fp32.stem

    @property
    def out(self) -> Path:
        """The folder of our run."""
        return self.fp32.parent / "ours" / self.fp32.stem

    @property
    def source(self) -> str:
        """The input of the rivals' files: the FP32 file by its SHA-256, and the number of calibration images."""
        return f"{hashlib.sha256(self.fp32.read_bytes()).hexdigest()}, {self.n_images} images"

    @property
    def calibration(self) -> Path:
        return self.folder / f"calibration_{self.n_images}.npz"

    def file(self, name: str) -> Path:
        return self.fp32 if name == FP32 else self.folder / f"{name}{RIVALS[name].suffix}"

    @property
    def logits(self) -> Path:
        """The folder of all logits, each by its file's SHA-256, so that equal files are run once."""
        return self.fp32.parent / "logits"


def heavy(*arguments: object) -> None:
    """Run bench/race_heavy.py in a process of its own and print its progress. Raises RuntimeError where it fails."""
    command = [sys.executable, "-m", "bench.race_heavy", *map(str, arguments)]
    lines = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            lines.append(line)
            if line.startswith(PROGRESS):
                print(line, end="", file=sys.stderr, flush=True)
    if process.returncode:
        raise RuntimeError(last_line("".join(lines)))


def last_line(text: str) -> str:
    """The last line, where a traceback has its error, shortened."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return lines[-1][:ERROR_CHARS] if lines else "no message"


def build_rivals(files: Files, pythons: Mapping[str, Path], without: Collection[str] = ()) -> dict[str, BuildResult]:
    """The results of all rivals but those that are left out, of which only what an earlier call made takes part.

    The results of an earlier call with the same network and images are used again. `pythons` has the interpreter of
    each of their environments.
    """
    source, built = files.source, {}
    files.folder.mkdir(parents=True, exist_ok=True)
    for name in (FP32, *RIVALS):
        path = files.folder / f"{name}.json"
        result = BuildResult.model_validate_json(path.read_bytes()) if path.exists() else None
        if result is None or result.source != source:
            if name in without:
                continue
            print(f"  {name}", file=sys.stderr, flush=True)
            result = _build(files, name, source, pythons)
            path.write_text(result.model_dump_json(indent=1), encoding="utf-8")
        built[name] = result
    return built


def _build(files: Files, name: str, source: str, pythons: Mapping[str, Path]) -> BuildResult:
    if name == FP32:
        return BuildResult(source=source, seconds=0, size_bytes=files.fp32.stat().st_size)
    if not files.calibration.exists():
        heavy("calibration", files.fp32, files.calibration, files.n_images)
    files.file(name).unlink(missing_ok=True)
    rival = RIVALS[name]
    paths = (BUILDER, files.fp32, files.calibration, files.file(name))
    script, *inputs = (path.absolute() for path in paths)
    start = time.monotonic()
    try:
        process = subprocess.run(
            [pythons[rival.environment].absolute(), script, name, *inputs],
            cwd=files.folder,  # Quark leaves a table of its own where it runs
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return BuildResult(source=source, seconds=LONGEST_S, error=f"not done after {LONGEST_S} s")
    (files.folder / f"{name}.log").write_text(process.stderr, encoding="utf-8")
    if process.returncode:
        return BuildResult(source=source, seconds=time.monotonic() - start, error=last_line(process.stderr))
    cost = json.loads(process.stdout.splitlines()[-1])
    return BuildResult(
        source=source,
        seconds=cost["seconds"],
        peak_mb=cost["peak_mb"],
        size_bytes=cost["bytes"],
        target=Target(runtime=rival.runtime, threads=cores()),
    )


def build_ours(files: Files) -> tuple[BuildResult, Path | None]:
    """The result of `python -m engine optimize` in a new home, and the recommended file; None where there is none.

    The file is the FP32 file itself where the baseline is recommended. That of an earlier call with the same network,
    images and engine is used again.
    """
    kept, source = files.out.with_suffix(".json"), f"{files.source}, engine {own_version()}"
    built = BuildResult.model_validate_json(kept.read_bytes()) if kept.exists() else None
    if built is None or built.source != source:
        built = _optimize(files, source)
        kept.write_text(built.model_dump_json(indent=1), encoding="utf-8")
    variant = None if built.error else _recommended(_report(files))
    if variant is None:
        return built, None
    return built, files.fp32 if variant.role == "baseline" else files.out / variant.file


def _optimize(files: Files, source: str) -> BuildResult:
    shutil.rmtree(files.out, ignore_errors=True)
    files.out.parent.mkdir(parents=True, exist_ok=True)
    log = files.out.with_suffix(".log")
    with tempfile.TemporaryDirectory() as home:
        recipe = Path(home) / "recipe.yaml"
        recipe.write_text(_recipe(files), encoding="utf-8")
        command = [sys.executable, "-m", "engine", "optimize", recipe, "--out", files.out]
        status, seconds, peak_mb = _run(command, os.environ | {"FEATHERWEIGHT_HOME": f"{home}/home"}, log)
    report = _report(files)
    variant = _recommended(report)
    if status or report is None or variant is None:
        error = report.failures[0].message if report and report.failures else last_line(log.read_text())
        return BuildResult(source=source, seconds=seconds, peak_mb=peak_mb, error=error[:ERROR_CHARS])
    return BuildResult(
        source=source,
        seconds=seconds,
        peak_mb=peak_mb,
        size_bytes=variant.size_bytes,
        label=_label(report, variant),
        target=report.target_of(variant),
    )


def _recommended(report: Report | None) -> Variant | None:
    return report.variant(report.recommended.id) if report and report.recommended else None


def _recipe(files: Files) -> str:
    """The recipe as JSON, which is YAML too and quotes any path."""
    recipe = {
        "name": f"race of {files.fp32.stem}",
        "model": {"kind": "file", "path": str(files.fp32.absolute())},
        "data": {"kind": "sample", "name": "digits"},
        "target": {"runtime": "any"},
        "steps": [{"technique": "quantize", "calibration_images": files.n_images}],
    }
    return json.dumps(recipe)


def _run(command: list[object], environment: dict[str, str], log: Path) -> tuple[int, float, float]:
    """Exit status, wall seconds, and peak memory in MB of the largest of the command's processes."""
    start = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen([str(argument) for argument in command], env=environment, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.monotonic() - start, usage.ru_maxrss / 1024


def _report(files: Files) -> Report | None:
    path = files.out / "report.json"
    return Report.model_validate_json(path.read_bytes()) if path.exists() else None


def _label(report: Report, variant: Variant) -> str:
    if variant.role == "baseline":
        return "FP32 as it was"
    trials = {id: trial for race in report.races for id, trial in race.trials.items()}
    return trials[variant.id].name if variant.id in trials else variant.label


def machine() -> str:
    """The machine and the versions of its runtimes, as text; of all that are installed where one hides another."""
    widest = [name for name in isa() if name.startswith(("avx", "amx", "asimd", "i8mm", "sve"))]
    installed = versions()
    runtimes = [f"{name} {installed[name]}" for name in (*runtime_distributions(), "openvino") if name in installed]
    return f"{cores()} cores of {cpu_name()} ({', '.join(widest)}), {', '.join(runtimes)}"
