"""The server of our bundle beside BentoML's adaptive batching, with batches and the cache on and off, in one sitting.

    python -m venv BENTO && BENTO/bin/pip install -r bench/requirements-serving.txt
    python -m bench.serving FOLDER [--bentoml BENTO/bin/python] [--repeats 5] [NAME ...]

The networks are the sample and MobileNetV3 small at 224 pixels with random weights. Each is optimised and packed by the
command line, its server is started from the zip, and 32 clients ask without pause; then requests come at random, at
shares of what each setting gave. BentoML serves the same infer.py of the same bundle, without a cache, which it does
not have. Triton is not here: its server is a container, and no package of pip. Throughput is over that of one image a
call without a cache. It ends with 1 where no batch size answers more than one by one does.
"""

import argparse
import math
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import engine
from engine import ServeBench
from engine.analyses.bundle_server import free_port, wait_until_ready
from engine.measure.http_load import images_to_ask_for, without_pause

NETWORKS = {
    "sample": "model: {kind: sample, name: digits}\ndata: {kind: sample, name: digits}",
    "mobilenet": (
        "model: {kind: timm, name: mobilenetv3_small_100, weights: random}\ndata: {kind: sample, name: photos}"
    ),
}
STEPS = "steps: [{technique: quantize, method: auto}]\nbudget: {minutes: 5}"
SIZES, WAIT_MS, CLIENTS, SECONDS = (1, 4, 8, 16), 2.0, 32, 4.0
READY = "/readyz"


def bundle_of(name: str, folder: Path) -> Path:
    """The zip of the network's recommended variant; made once."""
    path = folder / f"{name}.zip"
    if not path.exists():
        recipe = folder / f"{name}.yaml"
        recipe.write_text(f"version: 1\nname: {name}\n{NETWORKS[name]}\n{STEPS}\n")
        command = [sys.executable, "-m", "engine"]
        subprocess.run([*command, "optimize", str(recipe), "--out", str(folder / name)], check=True)
        subprocess.run([*command, "bundle", str(folder / name), "--out", str(path)], check=True)
    return path


@contextmanager
def bentoml_server(python: Path, place: Path, log: Path) -> Iterator[int]:
    """The port of BentoML's server of an unpacked bundle."""
    port = free_port()
    command = [str(python), "-m", "bentoml", "serve", "serving_bentoml:Served", "--port", str(port)]
    command += ["--working-dir", str(place), "--host", "127.0.0.1"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=place)
    try:
        wait_until_ready(process, port, log, READY)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def bentoml_rate(python: Path, bundle: Path, folder: Path, repeats: int) -> float:
    """Answers a second of BentoML on the same images, of the best repeat."""
    place = folder / f"{bundle.stem}-unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(place)
    (place / "serving_bentoml.py").write_bytes(
        (Path(__file__).parent / "templates" / "serving_bentoml.py").read_bytes()
    )
    files = [path.read_bytes() for path in sorted((place / "golden").iterdir())]
    with bentoml_server(python, place, folder / "bentoml.log") as port:
        without_pause(port, images_to_ask_for(files, 500, 0), CLIENTS, SECONDS, cached=False)
        loads = [
            without_pause(port, images_to_ask_for(files, 500, number + 1), CLIENTS, SECONDS, cached=False)
            for number in range(repeats)
        ]
    return max(len(load.good) / load.seconds for load in loads)


def show(name: str, result: ServeBench, bentoml: float | None) -> bool:
    """Prints the ratios; whether some batch size answers more than one by one does."""
    alone = next(cell.per_s or math.nan for cell in result.measured if cell.max_batch_size == 1 and not cell.cached)
    print(f"\n{name}: {result.label}, {result.environment.cpu}, {result.environment.cores} cores")
    for cell in result.measured:
        low, rate, high = (value or math.nan for value in (cell.per_s_low, cell.per_s, cell.per_s_high))
        last = cell.points[-1]
        print(
            f"  up to {cell.max_batch_size:2d} a call, cache {'on ' if cell.cached else 'off'}: "
            f"{rate / alone:.2f} times ({low / alone:.2f} to {high / alone:.2f}) {rate:.0f}/s, images a call "
            f"{cell.mean_batch or 0:.1f}; at {last.rate:.0f}/s p99 {last.p99_ms:.0f} ms, hits {last.hit_rate:.0%}"
        )
    if bentoml is not None:
        print(f"  BentoML, adaptive batching: {bentoml / alone:.2f} times, {bentoml:.0f}/s")
    for note in result.warnings:
        print(f"  {note.text}")
    return any((cell.per_s or 0) > alone for cell in result.measured if cell.max_batch_size > 1 and not cell.cached)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--bentoml", type=Path, metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_intermixed_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    better = []
    for name in options.names or NETWORKS:
        bundle = bundle_of(name, options.folder)
        result = engine.serve_bench(
            bundle,
            batch_sizes=SIZES,
            timeouts_ms=(WAIT_MS,),
            n_clients=CLIENTS,
            repeats=options.repeats,
            seconds=SECONDS,
            minutes=60,
        )
        bentoml = bentoml_rate(options.bentoml, bundle, options.folder, options.repeats) if options.bentoml else None
        better.append(show(name, result, bentoml))
    return 0 if all(better) else 1


if __name__ == "__main__":
    sys.exit(main())
