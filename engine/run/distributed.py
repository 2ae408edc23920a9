"""`torchrun --nproc-per-node 2 -m engine.run.distributed RECIPE.yaml`: a recipe's training, done by several processes.

It carries out the leading torch steps of every chain and puts their results into the cache of this home, where
`python -m engine optimize RECIPE.yaml` then finds them. Each process takes its part of every batch, so that the
recipe's batch size does not depend on their number; gradients are averaged (DistributedDataParallel), and the first
process decides when to stop. On a GPU each, where there are any, else on the CPU. All processes must be on this
machine. Exit status: 0 done, 1 failed.
"""

import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import torch
from torch import distributed

from engine.context import Model, as_onnx, no_progress
from engine.errors import FeatherweightError
from engine.planning.resolve import resolve_recipe
from engine.run.pipeline import load
from engine.run.step_runner import StepRunner
from engine.runtimes import race_targets
from engine.settings import Recipe, Step, load_recipe
from engine.store.cache import Cache
from engine.store.home import Home
from engine.training import distributed as processes
from engine.wording import percent

PATIENCE = timedelta(hours=2)
"""How long a process waits for the others, one of which may be asking a teacher or writing a file."""


def main(path: str) -> int:
    """Trains as one of the processes that torchrun started; the first prints the progress."""
    on_gpu = torch.cuda.is_available()
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)
    if on_gpu:
        torch.cuda.set_device(distributed.get_node_local_rank())
    try:
        home = Home.default()
        home.prepare()
        train(resolve_recipe(load_recipe(path), home, from_browser=False), home)
    except FeatherweightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        distributed.destroy_process_group()
    return 0


def train(recipe: Recipe, home: Home) -> None:
    """Puts the results of every chain's leading torch steps into the cache. Raises FeatherweightError."""
    cache = Cache(home.cache)
    with cache.in_use(), tempfile.TemporaryDirectory(prefix="featherweight-") as name:
        source, data = load(recipe, Path(name), cache, no_progress)
        step_runner = StepRunner(
            cache=cache,
            data=data,
            target=race_targets(recipe.target, races=recipe.races)[0].target,
            seed=recipe.seed,
            work=Path(name),
            deadline=time.monotonic() + recipe.budget.minutes * 60,
        )
        base = _follow(step_runner, source, recipe.baseline_steps)
        if any(step.asks_baseline for chain in recipe.chains for step in chain):
            step_runner = replace(
                step_runner, baseline=as_onnx(step_runner.export(base, no_progress).model), baseline_model=base
            )
        for chain in recipe.chains:
            _follow(
                step_runner, base, takewhile(lambda step: step.stage == "torch", chain[len(recipe.baseline_steps) :])
            )


def _follow(step_runner: StepRunner, model: Model, steps: Iterable[Step]) -> Model:
    """The model after these steps."""
    for step in steps:
        result = step_runner.apply(model, step, _print_progress)
        model = result.model
        _print(f"{step.title}: {'was there already' if result.reused else 'done'}")
        for note in result.notes:
            _print(f"  {note.text}")
    return model


def _print_progress(fraction: float, message: str, **metrics: float) -> None:
    _print(f"{percent(fraction):>5}  {message}")


def _print(line: str) -> None:
    if processes.rank() == 0:
        print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: torchrun --nproc-per-node N -m engine.run.distributed RECIPE.yaml")
    sys.exit(main(sys.argv[1]))
