"""Estimates what a variant answers on an x86 processor without VNNI, on the run's evaluation examples."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from engine.analyses.run_examples import read_evaluation_examples
from engine.data import Examples
from engine.errors import RunError
from engine.measure.predictions import predict
from engine.measure.saturation import EVALUATOR_ERRORS, Saturating, saturating
from engine.measure.statistics import paired_drop, wilson
from engine.models.artifacts import OnnxModel
from engine.models.variants import read_variant
from engine.planning.graph_jobs import find_variant
from engine.planning.remeasurable import remeasurable_report
from engine.results.cross_cpu import CrossCpu
from engine.runtimes import resolve_target
from engine.runtimes.feed import feed, graph_inputs
from engine.settings import Target
from engine.settings.cross_cpu_job import CrossCpuRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.tasks import TASKS, Answers, Inputs, joined, n_examples, resized
from engine.wording import many

LOADED = 0.2
"""The share of the job that is done when the images are loaded."""
FEWEST = 8
"""So many examples are answered however long they take."""


def cross_cpu(request: CrossCpuRequest, folder: JobFolder, progress: Progress) -> CrossCpu:
    """Raises RequestError for a file that has changed, DataError for other images, RunError where nothing is emulated.

    What is compared are answers with exact sums, which processors with VNNI give, and the emulated ones.
    """
    deadline = time.monotonic() + 60 * request.minutes
    run_folder = Path(request.folder)
    report = remeasurable_report(run_folder)
    variant = find_variant(report, request.variant_id)
    model = read_variant(run_folder, variant)
    folder.work.mkdir(parents=True, exist_ok=True)
    part = read_evaluation_examples(
        request.recipe,
        report,
        folder.work,
        lambda fraction, message, **metrics: progress.emit("cross_cpu", "load", LOADED * fraction, message),
    )
    emulation = _emulation(model)
    counts = {"n_layers": emulation.n_layers, "n_can_saturate": emulation.n_can_saturate, "n_evaluation": len(part)}
    if emulation.n_can_saturate == 0:
        return CrossCpu(variant_id=request.variant_id, n_examples=0, **counts)
    there = []
    for answers in _emulated(model, emulation, part):
        there.append(answers)
        progress.emit(
            "cross_cpu",
            "emulate",
            LOADED + (1 - LOADED) * len(there) / len(part),
            f"emulated the sums on {len(there)} of {many(len(part), part.noun)}",
        )
        if len(there) >= FEWEST and time.monotonic() > deadline:
            break
    some = part.span(0, len(there))
    exact = predict(model, some, _exact(resolve_target(report.target_of(variant)))).answers
    return CrossCpu(
        variant_id=request.variant_id,
        n_examples=len(some),
        **counts,
        **_figures(model, some, joined(there), exact),
    )


def _emulation(model: OnnxModel) -> Saturating:
    try:
        return saturating(onnx.load(model.path))
    except EVALUATOR_ERRORS as error:
        raise _not_emulated(error) from error


def _emulated(model: OnnxModel, emulation: Saturating, part: Examples) -> Iterator[Answers]:
    """The answers to every example, one a call."""
    arrays = feed(graph_inputs(model.input_specs))
    for inputs in part.batches(1):
        n_called = model.batch or n_examples(inputs)
        called: Inputs = resized(inputs, n_called)
        try:
            values = emulation.evaluator.run(list(model.output_names), arrays(called))
        except EVALUATOR_ERRORS as error:
            raise _not_emulated(error) from error
        outputs = {name: np.asarray(value) for name, value in zip(model.output_names, values, strict=True)}
        yield model.read(outputs, n_called).first(1)


def _not_emulated(error: Exception) -> RunError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return RunError(
        f"the file's sums cannot be emulated: {reason}", "Verify the bundle on a processor without VNNI instead"
    )


def _exact(target: Target) -> Target:
    """The target with sums that do not overflow on this processor either."""
    return target.model_copy(update={"quant_precision": True})


def _figures(model: OnnxModel, part: Examples, there: Answers, exact: Answers) -> dict[str, object]:
    task, n = TASKS[model.task], len(part)
    similarity = float(task.similarity(there, exact).mean())
    figures: dict[str, object] = {"measure": task.measure, "similarity": similarity}
    if task.classes:
        figures["similarity_low"], figures["similarity_high"] = wilson(round(similarity * n), n)
    if part.labels is None or not task.classes:
        return figures
    right_here, right_there = (answers.main.argmax(1) == part.labels for answers in (exact, there))
    low, high = paired_drop(int((right_here & ~right_there).sum()), int((right_there & ~right_here).sum()), n)
    return figures | {
        "top1_exact": float(right_here.mean()),
        "top1_there": float(right_there.mean()),
        "drop": float(right_here.mean() - right_there.mean()),
        "drop_low": low,
        "drop_high": high,
    }
