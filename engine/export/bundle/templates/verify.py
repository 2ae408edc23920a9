"""Proves the bundle on this machine: `python verify.py`. Exit status 0 where all holds, 3 where something does not.

It checks that no file was changed, that the installed versions are those of requirements.txt, that images are prepared
bit for bit as they were, and that the model answers as it did; then it times the model, and writes verify-result.json,
which the dashboard that made the bundle imports.

The latency is measured by the files calls.py and intervals.py, which are the dashboard's own: in rounds, of which only
calls count that no other program disturbed.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from infer import Model

FOLDER = Path(__file__).parent
FAILED = 3
N_ROUNDS, FEWEST_ROUNDS, MOST_ROUNDS = 12, 3, 24
"""Rounds of timed calls; more follow, up to the last number, until the first one of them count."""
INSTRUCTIONS = frozenset(
    "sse4_2 avx avx2 f16c fma avx512f avx512_vnni avx_vnni avx512_bf16 amx_int8 amx_bf16 asimd asimddp i8mm sve".split()
)
Check = dict[str, Any]


def check_files(folder: Path) -> Check:
    """Whether every file of SHA256SUMS is there and has its sum."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in lines:
        sha256, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file():
            return _check("files", False, f"{name} is missing")
        if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            return _check("files", False, f"{name} was changed: its SHA-256 is not that of SHA256SUMS")
    return _check("files", True, f"{len(lines)} files are as they were packed")


def check_versions(wanted: Mapping[str, str]) -> Check:
    """Whether the versions of requirements.txt are installed."""
    for name, pinned in wanted.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            return _check("versions", False, f"{name} is not installed: pip install -r requirements.txt")
        if installed != pinned:
            text = f"{name} {installed} is installed, and the bundle was measured with {pinned}"
            return _check("versions", False, f"{text}: pip install -r requirements.txt")
    return _check("versions", True, ", ".join(f"{name} {pinned}" for name, pinned in wanted.items()))


def check_preprocessing(model: "Model", golden: Mapping[str, "np.ndarray"]) -> Check:
    """Whether the image files become the golden inputs, bit for bit."""
    import numpy as np

    images = model.settings["golden"]["images"]
    name, equal = model.settings["inputs"][0]["name"], []
    for number, image in enumerate(images):
        prepared = model.as_graph(model.prepare_file(model.folder / image["file"])[None])[name]
        equal.append(bool(np.array_equal(prepared[0], golden["input_0"][number])))
    text = f"{sum(equal)} of {len(images)} images are prepared bit for bit as they were"
    if not all(equal):
        text += f"; {images[equal.index(False)]['file']} is not"
    return _check("preprocessing", all(equal), text, n_images=len(images), n_equal=sum(equal))


def check_outputs(model: "Model", golden: Mapping[str, "np.ndarray"]) -> Check:
    """Whether the answers are the golden ones, within the tolerance of bundle.json."""
    described = model.settings["golden"]
    worst = 0.0
    for number, arrays in enumerate(_calls(model, golden)):
        for position, values in enumerate(model.session(arrays).values()):
            worst = max(worst, _difference(values, golden[f"output_{number}_{position}"]))
    passed = worst <= described["tolerance"]
    text = (
        f"outputs of {described['n']} examples are off by {worst:.2g} of the largest, "
        f"{described['tolerance']:.2g} is allowed: {described['tolerance_source']}"
    )
    # JSON has no infinity: it stands for another shape, or for values that are not finite.
    figure = worst if worst < float("inf") else None
    return _check(
        "outputs",
        passed,
        text,
        n_examples=described["n"],
        worst_difference=figure,
        tolerance=described["tolerance"],
    )


def _calls(model: "Model", golden: Mapping[str, "np.ndarray"]) -> Iterator[dict[str, "np.ndarray"]]:
    """The arrays of each call: an example a call, or as many as the graph is fixed to."""
    size, n = model.fixed_batch or 1, model.settings["golden"]["n"]
    for start in range(0, n, size):
        yield examples(model, golden, [(start + number) % n for number in range(size)])


def examples(model: "Model", golden: Mapping[str, "np.ndarray"], rows: list[int]) -> dict[str, "np.ndarray"]:
    """What the graph takes for these golden examples."""
    return {
        spec["name"]: golden[f"input_{number}"][rows] if spec["batched"] else golden[f"input_{number}"]
        for number, spec in enumerate(model.settings["inputs"])
    }


def _difference(values: "np.ndarray", reference: "np.ndarray") -> float:
    """The largest difference, as a share of the largest value; infinite where the shapes differ."""
    import numpy as np

    if values.shape != reference.shape or not np.array_equal(np.isfinite(values), np.isfinite(reference)):
        return float("inf")
    finite = np.isfinite(reference)
    ours, theirs = values[finite].astype(np.float64), reference[finite].astype(np.float64)
    scale = float(np.abs(theirs).max(initial=0.0)) or 1.0
    return float(np.abs(ours - theirs).max(initial=0.0)) / scale


def latency(folder: Path, golden: Mapping[str, "np.ndarray"], threads: int | None) -> dict[str, Any] | None:
    """Milliseconds of a call as it was measured in the dashboard; None where other programs disturbed too many calls.

    The p50 is the trimmed mean, over the rounds that count, of the logarithm of their medians, with its 95 % interval.
    """
    import numpy as np
    from calls import time_turn
    from infer import Model
    from intervals import trimmed_mean

    rounds: list[np.ndarray] = []
    n_calls = n_warmup = 0
    for number in range(MOST_ROUNDS):
        if number >= N_ROUNDS and sum(len(one) > 0 for one in rounds) >= N_ROUNDS:
            break
        model = Model(folder, threads)  # a session of its own each round, since two of them differ a little
        n, size = model.settings["golden"]["n"], model.batch_size
        calls, n_warmup = time_turn(model.session, examples(model, golden, [row % n for row in range(size)]))
        rounds.append(calls.undisturbed_ms)
        n_calls += len(calls.ms)
    counting = [ms for ms in rounds if len(ms)]
    if len(counting) < FEWEST_ROUNDS:
        return None
    medians = [float(np.median(ms)) for ms in counting]
    figures, all_ms = trimmed_mean(np.log(medians)).exp(), np.concatenate(counting)
    own_threads = model.settings["session"]["threads"]
    # With other threads the ratio would be of the machines and of the threads.
    measured = model.settings["measured"]["p50_ms"] if (threads or own_threads) == own_threads else None
    return {
        "threads": threads or own_threads,
        "batch_size": model.batch_size,
        "p50_ms": figures.center,
        "low_ms": figures.low,
        "high_ms": figures.high,
        "p95_ms": figures.center * float(np.percentile(all_ms, 95) / np.median(all_ms)),
        "n_runs": len(all_ms),
        "n_disturbed": n_calls - len(all_ms),
        "n_warmup": n_warmup,
        "round_medians_ms": medians,
        "ratio_to_measured": figures.center / measured if measured else None,
    }


def hardware() -> dict[str, Any]:
    """What this machine is."""
    listing = Path("/proc/cpuinfo")
    text = listing.read_text(encoding="utf-8", errors="replace").split("\n\n")[0] if listing.is_file() else ""
    fields = {
        key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in text.split("\n"))
    }
    flags = set((fields.get("flags") or fields.get("features") or "").split())
    affinity = getattr(os, "sched_getaffinity", None)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None
    return {
        "cpu": fields.get("model name") or platform.processor() or platform.machine(),
        "cores": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "memory_bytes": pages,
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "isa": sorted(flags & INSTRUCTIONS),
    }


def verify(folder: Path, threads: int | None, *, timed: bool) -> dict[str, Any]:
    """The content of verify-result.json. What needs a check that failed is not tried."""
    settings = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    checks = [check_files(folder)]
    if checks[-1]["passed"]:
        checks.append(check_versions(settings["versions"]))
    timing = None
    if checks[-1]["passed"]:
        import numpy as np
        from infer import Model

        with np.load(folder / settings["golden"]["file"]) as file:
            golden = {name: file[name] for name in file.files}
        try:
            model = Model(folder, threads)
            if settings["golden"]["images"]:
                checks.append(check_preprocessing(model, golden))
            checks.append(check_outputs(model, golden))
            del model
            timing = latency(folder, golden, threads) if timed else None
        except Exception as error:  # noqa: BLE001  what runtimes raise has no base of its own
            lines = str(error).strip().splitlines() or [type(error).__name__]
            checks.append(_check("session", False, lines[0][:300]))
    return {
        "schema_version": 1,
        "bundle": {
            "run": settings["run"],
            "variant": settings["variant"],
            "variant_sha256": settings["model"]["variant_sha256"],
            "model_sha256": settings["model"]["sha256"],
            "sums_sha256": hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest(),
        },
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "hardware": hardware(),
        "runtime": settings["session"]["runtime"],
        "provider": settings["session"]["provider"],
        "versions": {"python": platform.python_version(), **dict(_installed(settings["versions"]))},
        "checks": checks,
        "latency": timing,
        "passed": all(check["passed"] for check in checks),
    }


def _installed(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _check(name: str, passed: bool, text: str, **figures: object) -> Check:
    return {"name": name, "passed": passed, "text": text, **figures}


def main() -> int:
    """Prints a line a check and the latency, and writes the result."""
    parser = argparse.ArgumentParser(description="Prove the bundle on this machine.")
    parser.add_argument("--threads", type=int, help="threads; as it was measured if left out")
    parser.add_argument("--no-latency", action="store_true", help="check, and time nothing")
    parser.add_argument("--out", default="verify-result.json", metavar="FILE", help="the result, to be imported")
    options = parser.parse_args()
    result = verify(FOLDER, options.threads, timed=not options.no_latency)
    for check in result["checks"]:
        print(f"{'ok    ' if check['passed'] else 'FAILED'} {check['name']}: {check['text']}")
    timing = result["latency"]
    if timing is not None:
        interval = f"{timing['low_ms']:.3g} to {timing['high_ms']:.3g}"
        ratio = timing["ratio_to_measured"]
        beside = f", {ratio:.2f} times that of the dashboard's machine" if ratio else ""
        print(f"latency: {timing['p50_ms']:.3g} ms ({interval}), {timing['n_runs']} calls{beside}")
    elif not options.no_latency and result["passed"]:
        print("latency: not measured, other programs disturbed too many calls")
    Path(options.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{'verified' if result['passed'] else 'NOT VERIFIED'}, {options.out}")
    return 0 if result["passed"] else FAILED


if __name__ == "__main__":
    sys.exit(main())
