"""Several processes that train together, on the CPU, as torchrun starts them."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import torch
from safetensors.torch import load_file

from engine.context import no_progress
from engine.run.distributed import train
from engine.run.pipeline import load
from engine.run.step_runner import StepRunner
from engine.settings import Target, parse_recipe
from engine.store.cache import Cache

RECIPE = """
version: 1
model: {kind: timm, name: test_convnext, weights: random, num_classes: 10, in_chans: 1}
data: {kind: sample, name: digits}
preprocess: {size: [32, 32], mean: [0.5], std: [0.5], interpolation: bilinear, channels: gray}
steps: [{technique: finetune, epochs: 1, optimizer: sgd, batch_size: 120, ema_decay: 0.9}]
"""


BASELINE = "steps: [{technique: distill, epochs: 1, views: 1, teacher: {kind: baseline}}]"


def together(tmp_path, processes):
    """What the processes print, having trained the recipe in a home below `tmp_path`."""
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(processes),
        "-m",
        "engine.run.distributed",
        str(path),
    ]
    state = {"FEATHERWEIGHT_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    ended = subprocess.run(command, env=os.environ | state, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


def alone(tmp_path, cache):
    """The same step as a run of the recipe does it, in this process."""
    recipe = parse_recipe(RECIPE)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    source, data = load(recipe, work, Cache(cache), no_progress)
    step_runner = StepRunner(cache=Cache(cache), data=data, target=Target(), seed=0, work=work, deadline=math.inf)
    return step_runner.apply(source, recipe.chains[0][0], no_progress)


def test_two_processes_learn_what_one_does_and_a_run_finds_it(tmp_path):
    said = together(tmp_path, 2)
    assert said.count("100 %  epoch 1 of 1") == 1
    found = alone(tmp_path, tmp_path / "home" / "cache")
    assert found.reused
    single = alone(tmp_path, tmp_path / "other")
    assert not single.reused
    ours, theirs = (load_file(kept.model.weights) for kept in (found, single))
    start = load(parse_recipe(RECIPE), tmp_path, Cache(tmp_path / "other"), no_progress)[0].build().state_dict()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-4)
    assert any((theirs[name] - value).abs().max() > 0.01 for name, value in start.items())


def test_the_baseline_teaches_here_as_it_does_in_a_run(home, tmp_path):
    recipe = parse_recipe(RECIPE[: RECIPE.index("steps")] + BASELINE)
    train(recipe, home)
    source, data = load(recipe, tmp_path, Cache(home.cache), no_progress)
    step_runner = StepRunner(
        cache=Cache(home.cache), data=data, target=Target(), seed=0, work=tmp_path, deadline=math.inf
    )
    run = replace(step_runner, baseline=step_runner.export(source, no_progress).model, baseline_model=source)
    kept = run.apply(source, recipe.chains[0][0], no_progress)
    assert kept.reused
    assert kept.notes[0].text.startswith("The teacher, the baseline, answered")
