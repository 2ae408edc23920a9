"""The story of a run: load, make the baseline, follow every chain, time all variants together, judge."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from engine import data as images
from engine import models
from engine.context import Model, Tell
from engine.data import Data
from engine.measure.contention import watched
from engine.measure.latency import measure_latency
from engine.planning.estimate import FORMULA, learnt_factors, n_timed, plan_phases
from engine.planning.parts import ALL_VARIANTS, LATENCY, START, STARTING
from engine.results import Report
from engine.run.branch import Shop, follow, make_baseline
from engine.run.preflight import check_fit, source_warnings, unlearnt_warnings, unrecovered
from engine.run.progress import Meter
from engine.run.report_builder import Record
from engine.run.step_runner import Bench
from engine.runtimes import check_target
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.store.timings import RunTimings, append_timings
from engine.system.machine import cores, cpu_name

LOADED, READ = 0.85, 0.95
"""What is done of the start when the libraries are loaded, and when the model is."""


def run(recipe: Recipe, folder: JobFolder, progress: Progress, home: Home, *, began: float | None = None) -> Report:
    """Carries out the recipe and returns the report, which is on disk after every variant.

    `began` is when the job did, before the libraries were loaded, in seconds of time.monotonic(); now if left out.
    Raises RequestError where model, data and target do not go together, before anything was made, and RunError where
    not even the baseline could be made. A chain that fails is in the report's failures, and the others go on.
    """
    used_since = time.time()
    meter = Meter(progress, plan_phases(recipe, learnt_factors(home, recipe.target)))
    starting = meter.begin(START, STARTING, began)
    if began is not None:
        starting.learn()  # of the libraries alone: a model's download or a large zip says nothing about the next run
    with watched(cores()) as busy:
        shop = _make_and_time(recipe, folder, home, meter, starting)
    record = shop.record
    record.judge(shop.labels)
    done = record.report("running")
    record.warnings = (*record.warnings, *unrecovered(recipe, done.variants), *unlearnt_warnings(done))
    if not busy:
        _keep_timings(home, shop)
    shop.bench.cache.trim(unused_since=used_since)
    return record.write("failed" if record.failures else "done")


def _make_and_time(recipe: Recipe, folder: JobFolder, home: Home, meter: Meter, starting: Tell) -> Shop:
    """All variants, made and timed; they are in the record of what comes back."""
    target = recipe.target.model_copy(update={"threads": recipe.target.threads or cores()})
    check_target(target)
    source, data = load(recipe, folder.work, starting)
    check_fit(recipe, source, data)
    job = folder.request()
    record = Record(recipe, folder, job.id, job.created)
    record.data = data.summary()
    record.warnings = (*source_warnings(recipe, source.warnings), *data.warnings, *data.named_skipped)
    bench = Bench(
        cache=Cache(home.cache),
        data=data,
        target=target,
        seed=recipe.seed,
        work=folder.work,
        deadline=time.monotonic() + recipe.budget.minutes * 60,
        budget=recipe.budget,
        goal=recipe.goal,
        measuring=lambda: meter.holding(FileLock(home.measure_lock)),
    )
    shop = Shop(bench, record, meter, data.split("evaluation").labels)
    base = make_baseline(shop, source, recipe.baseline_steps)
    shop = replace(shop, bench=replace(bench, baseline=base.onnx, unexported=base.model))
    for branch, chain in enumerate(recipe.chains):
        follow(shop, base, branch, chain, first=len(recipe.baseline_steps))
    _time(shop)
    return shop


def load(recipe: Recipe, work: Path, tell: Tell) -> tuple[Model, Data]:
    """The recipe's model and images, with files of theirs below `work`. Raises RequestError."""
    tell(LOADED, "loading the model")
    source = models.load(recipe.model, recipe.preprocess, recipe.seed, work)
    tell(READ, "reading the images")
    data = images.load(
        recipe.data,
        recipe.split,
        source.preprocess,
        recipe.seed,
        merge_train=not recipe.trains,
        n_outputs=None if recipe.baseline_steps else source.n_outputs,  # a leading fine-tune brings its own head
        model_classes=source.classes,
        work=work,
    )
    return source, data


def _time(shop: Shop) -> None:
    """Latency of all variants in the same rounds, while nothing else of this home measures or computes."""
    phase = shop.meter.begin(ALL_VARIANTS, LATENCY)
    phase(0.0, "waiting for the machine to be free")
    target = shop.bench.target
    with shop.bench.measuring(), watched(target.threads or cores()) as busy:
        measured = measure_latency(
            shop.record.timed,
            shop.record.baseline.id,
            target,
            shop.bench.images(target.batch_size),
            on_round=lambda done, total: phase(done / total, f"round {done} of {total}"),
        )
    if not busy:
        phase.learn(len(measured) / n_timed(shop.record.recipe))
    shop.record.time(measured)
    shop.record.warnings = (*shop.record.warnings, *busy)


def _keep_timings(home: Home, shop: Shop) -> None:
    """For later estimates."""
    timings = RunTimings(formula=FORMULA, cpu=cpu_name(), cores=cores(), phases=shop.meter.timings,
                         threads=shop.bench.target.threads or cores())  # fmt: skip
    with suppress(OSError):  # what was measured of the models is there, and worth more than an estimate
        append_timings(home, timings)
