"""The stages of a run: load, make the baseline, follow every chain, time all variants together, judge."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import data as images
from engine import models
from engine.context import Model, ProgressCallback
from engine.data import Data
from engine.data.skipped import SKIPPED_FILE, OnSkipped, ignore_skipped, write_skipped
from engine.errors import LimitError
from engine.measure.contention import watched
from engine.measure.timing import not_timed_note, nothing_timed_note, time_files
from engine.planning.estimate import FORMULA, PlannedPhase, learnt_factors, n_timed, plan_phases
from engine.planning.parts import ALL_VARIANTS, COLD_START, LATENCY, START, STARTING
from engine.results import Report
from engine.run.branch import RunContext, follow, make_baseline
from engine.run.cold_start import add_cold_starts
from engine.run.examples import add_examples
from engine.run.precision import IN_32_BITS, naming_note, precision_note, targets_in_32_bits
from engine.run.preflight import check_fit, recovery_warnings, source_warnings, unlearnt_warnings
from engine.run.progress import RunProgress
from engine.run.raced import left_out_warnings, raced_note
from engine.run.report_builder import ReportBuilder
from engine.run.statistics import statistics_images
from engine.run.step_runner import StepRunner
from engine.run.time_budget import TimeBudget
from engine.runtimes import left_out, race_targets
from engine.settings import Recipe
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.measure_lock import measure_lock
from engine.store.progress import Progress
from engine.store.timings import RunTimings, append_timings, device_of
from engine.system.fresh_processes import FreshProcesses
from engine.system.machine import cores, cpu_name

LIBRARIES_LOADED, MODEL_LOADED = 0.5, 0.6
"""The share of the start that is done when the libraries are loaded, and when the model is."""


MakeImages = Callable[[Model], tuple[NDArray[np.uint8], float] | None]


def run(
    recipe: Recipe,
    folder: JobFolder,
    progress: Progress,
    home: Home,
    *,
    began: float | None = None,
    processes: FreshProcesses | None = None,
) -> Report:
    """Carries out the recipe and returns the report, which is on disk after every variant.

    `began` is when the job did, before the libraries were loaded, in seconds of time.monotonic(); now if left out.
    Cold starts are measured in `processes`, where there are any. Raises RequestError where model, data and target do
    not go together, before anything was made, and RunError where not even the baseline could be made. A chain that
    fails is in the report's failures, and the others go on.
    """
    cache = Cache(home.cache)
    plan = plan_phases(recipe, learnt_factors(home, recipe.target))
    run_progress = RunProgress(progress, plan)
    starting = run_progress.begin(START, STARTING, began)
    if began is not None:
        starting.learn()  # of the libraries alone: a model's download or a large zip does not recur in the next run
    with cache.in_use(), watched(cores()) as busy:
        context = _make_and_time(recipe, folder, home, cache, plan, run_progress, starting, processes)
    builder = context.builder
    builder.judge()
    add_examples(builder, context.step_runner.data)
    report = builder.report("running")
    builder.warnings = (*builder.warnings, *recovery_warnings(recipe, report.variants), *unlearnt_warnings(report))
    if not busy:
        _store_timings(home, context)
    cache.trim()
    return builder.write("failed" if builder.failures else "done")


def _make_and_time(
    recipe: Recipe,
    folder: JobFolder,
    home: Home,
    cache: Cache,
    plan: tuple[PlannedPhase, ...],
    run_progress: RunProgress,
    starting: ProgressCallback,
    processes: FreshProcesses | None,
) -> RunContext:
    """Makes and times all variants; they are in the report builder of the returned context."""
    targets = race_targets(recipe.target, races=recipe.races)
    source, data = load(
        recipe,
        folder.work,
        cache,
        starting,
        lambda model: statistics_images(recipe, model, cache, run_progress),
        partial(write_skipped, path=folder.path / SKIPPED_FILE),
    )
    check_fit(recipe, source, data)
    job = folder.request()
    builder = ReportBuilder(recipe, folder, job.id, job.created)
    builder.data = data.summary()
    builder.warnings = (
        *source_warnings(recipe, source.warnings),
        *data.warnings,
        *data.named_skipped,
        *left_out_warnings(left_out(recipe.target)),
    )
    time_budget = TimeBudget.of(recipe, plan, time.monotonic())
    step_runner = StepRunner(
        cache=cache,
        data=data,
        target=targets[0].target,
        race_targets=targets if len(targets) > 1 else (),
        seed=recipe.seed,
        work=folder.work,
        deadline=time_budget.baseline_deadline(time.monotonic()),
        budget=recipe.budget,
        goal=recipe.goal,
        measure_lock=lambda: run_progress.holding(measure_lock(home.measure_lock, job.name, run_progress.on_wait)),
        placements=home.placements,
    )
    context = RunContext(step_runner, builder, run_progress, data.split("evaluation").labels, processes)
    base = make_baseline(context, source, recipe.baseline_steps)
    if len(targets) > 1:
        builder.add_note(base.variant_id, raced_note(targets))
    if (note := naming_note(step_runner.target)) is not None:
        builder.add_note(base.variant_id, note)
    builder.write("running")  # with these notes, whatever becomes of the chains
    step_runner = replace(step_runner, baseline=base.onnx, baseline_model=base.model)
    for branch, chain in enumerate(recipe.chains):
        deadline = time_budget.chain_deadline(branch, time.monotonic())
        context = replace(context, step_runner=replace(step_runner, deadline=deadline))
        follow(context, base, branch, chain, first=len(recipe.baseline_steps))
    _time(context)
    return context


def load(
    recipe: Recipe,
    work: Path,
    cache: Cache,
    on_progress: ProgressCallback,
    make_images: MakeImages | None = None,
    on_skipped: OnSkipped = ignore_skipped,
) -> tuple[Model, Data]:
    """The recipe's model and images; their files are below `work`. Raises RequestError.

    `make_images` gives those of a recipe without any, or None for noise; `on_skipped` is told of files left out.
    """
    on_progress(LIBRARIES_LOADED, "loading the model")
    source = models.load(recipe.model, recipe.preprocess, recipe.seed, work)
    on_progress(MODEL_LOADED, "reading the data")
    data = images.load(
        recipe.data,
        recipe.split,
        source.preprocess,
        recipe.seed,
        merge_train=not recipe.trains,
        inputs=source.input_specs,
        n_outputs=None if recipe.baseline_steps else source.n_outputs,  # a leading fine-tune brings its own head
        model_classes=source.classes,
        work=work,
        made=make_images(source) if make_images is not None else None,
        cache=cache,
        on_progress=images.within(on_progress, MODEL_LOADED, 1.0),
        on_skipped=on_skipped,
    )
    return source, data


def _time(context: RunContext) -> None:
    """Measures the cold starts of all variants, then times all in the same rounds.

    Meanwhile no other job of this home measures and no short analysis runs. Another run, or an analysis of minutes
    between two of its measurements, may compute, as may any program: a warning says where that took too many of the
    cores. A variant that does not run keeps its other figures and has a note; where that is the baseline, nothing is
    timed. Where another job measures for too long, or the memory runs out, the run has failed with every other figure
    that it has, and its latencies can be measured later.
    """
    builder, step_runner = context.builder, context.step_runner
    exact = targets_in_32_bits(step_runner.target)
    models = {**builder.timed, **dict.fromkeys(exact, builder.models[builder.baseline.id])}
    targets = {id: target for id in builder.timed if (target := builder.variants[id].target) is not None}
    phase = context.run_progress.begin(ALL_VARIANTS, COLD_START)
    phase(0.0, "waiting for its turn to measure")
    try:
        with step_runner.measure_lock():
            add_cold_starts(context, phase)
            phase = context.run_progress.begin(ALL_VARIANTS, LATENCY)
            timings = time_files(
                models,
                builder.baseline.id,
                step_runner.target,
                step_runner.inputs(step_runner.target.batch_size),
                on_round=lambda done, total: phase(done / total, f"round {done} of {total}"),
                targets={**targets, **exact},
                both_buffers=True,
            )
    except LimitError as limit:
        for id in builder.timed:
            builder.add_note(id, not_timed_note(limit))
        builder.fail(None, None, None, "no latency could be measured", limit)
        return
    in_32_bits = timings.latencies.pop(IN_32_BITS, None)
    if exact:
        phase(1.0, "the baseline's answers in 32 bits")
        note = precision_note(step_runner, builder.models[builder.baseline.id], in_32_bits)
        builder.replace_note(builder.baseline.id, note)
    for id, error in timings.errors.items():
        if id not in exact:
            builder.add_note(id, not_timed_note(error))
    if builder.baseline.id in timings.errors:
        builder.warnings = (*builder.warnings, nothing_timed_note(timings.errors[builder.baseline.id]))
        return
    if not timings.warnings:
        phase.learn(len(timings.latencies) / n_timed(builder.recipe))
    builder.add_latencies(timings.latencies)
    builder.warnings = (*builder.warnings, *timings.warnings)


def _store_timings(home: Home, context: RunContext) -> None:
    """Stores this run's timings for later estimates."""
    target = context.step_runner.target
    timings = RunTimings(
        formula=FORMULA,
        cpu=cpu_name(),
        cores=cores(),
        phases=context.run_progress.timings,
        threads=target.threads or cores(),
        device=device_of(target.provider, on_cpu=target.on_cpu),
    )
    with suppress(OSError):  # a full disk: the report matters more than later estimates
        append_timings(home, timings)
