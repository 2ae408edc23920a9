"""Mutates model files and reads them as an upload is read: `python -m tests.fuzz N [SEED]`.

Every mutant ends as a model or as a SourceError; anything else, a hang, or a dead process is a finding, whose file is
kept in the working directory. Each batch has a process of its own, which a crash cannot take the rest along with.
"""

import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save

from engine.errors import FeatherweightError
from engine.models.graph import read_onnx
from engine.models.onnx_source import whole_file
from engine.models.weights import read_state
from tests.hostile import chain, nested_if, network

BATCH = 150
BATCH_SECONDS = 300.0
FILE_SECONDS = 20
ENDINGS = (".onnx", ".safetensors", ".pt")


def main(count: int, seed: int) -> int:
    """Tries `count` mutants, prints every finding, and returns 1 where there was one."""
    n_findings = 0
    for start in range(seed, seed + count, BATCH):
        command = [sys.executable, "-m", "tests.fuzz", "--batch", str(start), str(min(BATCH, seed + count - start))]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=BATCH_SECONDS)
            findings = [line for line in ended.stdout.splitlines() if line.startswith("finding: ")]
            if ended.returncode:
                findings.append(f"finding: the batch from {start} ended with {ended.returncode}: {ended.stderr[-300:]}")
        except subprocess.TimeoutExpired:
            findings = [f"finding: the batch from {start} took more than {BATCH_SECONDS:.0f} s"]
        n_findings += len(findings)
        print(*findings, sep="\n" if findings else "", end="\n" if findings else "", flush=True)
    print(f"{count} mutants tried, {n_findings} findings")
    return 1 if n_findings else 0


def batch(start: int, count: int) -> None:
    """Reads the mutants of these seeds, and prints a line for each that ended otherwise than it may."""
    originals = _originals()
    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(start, start + count):
            ending = ENDINGS[seed % len(ENDINGS)]
            path = Path(name) / f"{seed}{ending}"
            path.write_bytes(mutate(random.Random(seed).choice(originals[ending]), random.Random(seed)))
            signal.alarm(FILE_SECONDS)
            try:
                (_take_in if ending == ".onnx" else read_state)(path)
            except FeatherweightError:
                pass
            except Exception as error:  # noqa: BLE001 (what else can come out of a parser is the question)
                print(f"finding: {type(error).__name__} by {path.name}: {str(error)[:200]!r}", flush=True)
                path.replace(Path.cwd() / f"fuzz-{path.name}")
            finally:
                signal.alarm(0)
            path.unlink(missing_ok=True)


def _take_in(path: Path) -> None:
    """As an import looks into an ONNX file, and then a profile."""
    whole, _ = whole_file(path, path.parent / "whole")
    read_onnx(whole)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """The bytes with up to eight changes: bits flipped, bytes set, and parts cut, doubled or moved."""
    mutant = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        near = min(len(mutant), 4096) if rng.random() < 0.7 else len(mutant)  # where the structure is
        at = rng.randrange(max(near, 1))
        match rng.randrange(5):
            case 0 if mutant:
                mutant[at % len(mutant)] ^= 1 << rng.randrange(8)
            case 1 if mutant:
                mutant[at % len(mutant)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del mutant[at : at + rng.randint(1, 64)]
            case 3:
                mutant[at:at] = mutant[at : at + rng.randint(1, 64)]
            case _:
                mutant[at:at] = rng.randbytes(rng.randint(1, 16))
    return bytes(mutant)


def _originals() -> dict[str, list[bytes]]:
    """Whole files of each kind, as they are written by the libraries themselves."""
    tensors = {"conv.weight": torch.ones(4, 3, 3, 3), "fc.bias": torch.zeros(5)}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "state.pt"
        torch.save(tensors, path)
        state = path.read_bytes()
        torch.save({"state_dict": tensors, "epoch": 3}, path, _use_new_zipfile_serialization=False)
        old = path.read_bytes()
    models = [model.SerializeToString() for model in (network(), nested_if(3), chain(3))]
    return {".onnx": models, ".safetensors": [save(tensors)], ".pt": [state, old]}


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {FILE_SECONDS} s")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--batch"]:
        batch(int(arguments[1]), int(arguments[2]))
    else:
        sys.exit(main(int(arguments[0]), int(arguments[1]) if arguments[1:] else 0))
