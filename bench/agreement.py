"""Whether the measurement of latency tells a file from its own copy, and one that is 10 % slower from both.

    python -m bench.agreement MODEL.onnx [--pairs 200] [--threads N] [--busy N] [--record FILE.npz]

A pair is a file and its copy, timed as every run times its variants, with a copy in the same rounds whose calls take
10 % longer: after each call it computes until that time is over. `--busy` starts so many other programs that use a
core each. Of 200 pairs at most 12 may be called different, and the slower copy must be called slower in 80 % of them;
it ends with 1 otherwise. `--record` writes the medians of the rounds for tests/measure/test_agreement.py: (pairs,
rounds, 3) milliseconds, NaN where a round does not count.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.measure import latency
from engine.measure.latency import RoundTiming, compare, time_rounds
from engine.measure.verdict import faster
from engine.models.artifacts import OnnxModel
from engine.models.graph import read_onnx
from engine.runtimes import Session, open_session
from engine.settings import Target
from engine.system.machine import cores, cpu_name
from engine.tasks import Inputs, Outputs

FILE, COPY, SLOWER = "file", "copy", "slower"
SLOWDOWN = 1.1
MOST_DIFFERENT, FEWEST_SLOWER = 12 / 200, 0.8
BUSY = [sys.executable, "-c", "while True: pass"]


class SlowSession:
    """A session whose calls take SLOWDOWN times as long."""

    def __init__(self, session: Session) -> None:
        self.options, self._session = session.options, session

    def __call__(self, inputs: Inputs) -> Outputs:
        began = time.perf_counter()
        outputs = self._session(inputs)
        ends = began + SLOWDOWN * (time.perf_counter() - began)
        while time.perf_counter() < ends:
            pass
        return outputs


def time_pair(model: OnnxModel, target: Target) -> dict[str, list[RoundTiming]]:
    """The timings of the file, its copy and the slower copy, in the same rounds."""
    images = np.random.default_rng(0).standard_normal((1, *model.input_shape), dtype=np.float32)
    number = 0

    @contextmanager
    def third_is_slower(*args: object, **names: object) -> Iterator[Session]:
        nonlocal number
        position, round_number = number % 3, number // 3
        number += 1
        is_slower = position == (2 if round_number % 2 == 0 else 0)
        with open_session(*args, **names) as session:  # type: ignore[arg-type]
            yield SlowSession(session) if is_slower else session

    latency.open_session = third_is_slower  # type: ignore[attr-defined]
    return time_rounds({FILE: model, COPY: model, SLOWER: model}, target, images)


def medians(timings: dict[str, list[RoundTiming]], n_rounds: int) -> np.ndarray:
    """(n_rounds, 3): the medians of the first rounds in milliseconds, NaN where one does not count."""
    rows = [
        [
            np.median(timings[id][number].undisturbed_ms) if len(timings[id][number].undisturbed_ms) else np.nan
            for id in timings
        ]
        for number in range(n_rounds)
    ]
    return np.array(rows)


def main(args: argparse.Namespace) -> int:
    model, target = read_onnx(args.model), Target(threads=args.threads, batch_size=1)
    print(
        f"{cpu_name()}, {cores()} cores, {args.threads} threads, {args.pairs} pairs, {args.busy} busy programs beside"
    )
    others = [subprocess.Popen(BUSY) for _ in range(args.busy)]
    answers: list[tuple[str, str]] = []
    recorded: list[np.ndarray] = []
    try:
        for number in range(args.pairs):
            timings = time_pair(model, target)
            recorded.append(medians(timings, latency.N_ROUNDS))
            pairs = compare(timings, FILE, target)
            answers.append((_answer(pairs[COPY]), _answer(pairs[SLOWER])))
            if args.record:
                np.savez_compressed(args.record, medians_ms=np.array(recorded, dtype=np.float32))
            if number % 10 == 9:
                print(f"{number + 1:4d} {_counts(answers)}", flush=True)
    finally:
        for other in others:
            other.kill()
    measured = [one for one in answers if "not measured" not in one]
    n_different = sum(copy != "the same" for copy, _ in measured)
    n_slower = sum(slower == "slower" for _, slower in measured)
    print(f"{len(measured)} measured; {_counts(answers)}")
    return int(n_different > MOST_DIFFERENT * len(measured) or n_slower < FEWEST_SLOWER * len(measured))


def _answer(pair: latency.PairedLatency) -> str:
    """The verdict on a file: faster, slower, the same, or not measured."""
    if pair.latency is None:
        return "not measured"
    return {"yes": "faster", "no": "slower", "unclear": "the same"}[faster(pair.latency)]


def _counts(answers: list[tuple[str, str]]) -> str:
    counts = [
        f"{name}: {', '.join(f'{ones.count(answer)} {answer}' for answer in sorted(set(ones)))}"
        for name, ones in zip((COPY, SLOWER), zip(*answers, strict=True), strict=True)
    ]
    return "; ".join(counts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--record", type=Path)
    sys.exit(main(parser.parse_args()))
