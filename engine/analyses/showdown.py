"""Files at targets, side by side: the same interleaved rounds, a verdict on every pair, and their outputs compared."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.analyses.showdown_results import Compared, ShowdownResults, TimedRow, Timings
from engine.analyses.variant_files import read_file
from engine.data import Examples, full_batch, load
from engine.errors import FeatherweightError, RequestError, RunError, as_error
from engine.measure.contention import watched
from engine.measure.latency import FEWEST_ROUNDS, time_rounds
from engine.measure.noise import noise_data
from engine.measure.predictions import predict
from engine.measure.quality import fidelity
from engine.measure.trial_call import left_out, trial_call
from engine.models.artifacts import OnnxModel
from engine.planning.hardware_jobs import COMPARED_EXAMPLES
from engine.results import Fidelity, Note, Showdown, codes
from engine.run.preflight import check_batch
from engine.runtimes import resolve_target
from engine.settings import ShowdownRequest
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import environment
from engine.tasks import TASKS, Answers
from engine.wording import time_was_up

READ, COMPARED = 0.1, 0.25
"""The finished fraction once the files were read, and once their outputs were compared."""
SAVING_SHARE = 0.1
"""Of the time of the rounds, at most, goes into writing what there is: every pair of many rounds takes seconds."""


def showdown(request: ShowdownRequest, folder: JobFolder, progress: Progress) -> Showdown:
    """Ratios of every pair of rows from the same rounds, one live session at a time, under the home's measure lock.

    Its minutes begin with the lock; where they end the rounds early, a warning says so. A row that does not run, or has
    not enough memory, is left out with a note, and the folder has the result so far once three rounds are timed.

    Raises RequestError where two files do not take the same inputs or do not answer alike, TargetError where this
    machine lacks a target or a file is fixed to another batch size, and RunError where the first row does not run.
    """
    progress.emit("showdown", "load", 0.0, "reading the files")
    rows = [
        TimedRow(entry, read_file(entry.file, folder.work / str(number)), resolve_target(entry.target))
        for number, entry in enumerate(request.rows)
    ]
    for row in rows:
        check_comparable(rows[0], row)
        check_batch(row.model, row.target)
    compared = _examples(request, rows[0].model, folder, progress)
    with hold_measure_lock(Home.default().measure_lock, "showdown", wait_event(folder, progress, "showdown")):
        return _measure(rows, compared, request, folder, progress)


def check_comparable(first: TimedRow, other: TimedRow) -> None:
    """Raises RequestError where the other row does not take the first one's inputs, or answers something else."""
    own, model = first.model, other.model
    if (own.input_shape, own.inputs) != (model.input_shape, model.inputs):
        reason = f"'{other.label}' takes {_inputs(model)} and '{first.label}' {_inputs(own)}"
    elif own.task != model.task:
        reason = f"'{other.label}' is {TASKS[model.task].title} and '{first.label}' {TASKS[own.task].title}"
    elif (own.n_outputs, len(own.output_names)) != (model.n_outputs, len(model.output_names)):
        reason = f"'{other.label}' answers with {_outputs(model)} and '{first.label}' with {_outputs(own)}"
    else:
        return
    raise RequestError(f"{reason}: they are not comparable", "Choose variants of the same model at the same image size")


def _inputs(model: OnnxModel) -> str:
    if model.inputs:
        return ", ".join(spec.declaration for spec in model.inputs)
    return f"images of {'x'.join(map(str, model.input_shape))}"


def _outputs(model: OnnxModel) -> str:
    if len(model.output_names) > 1:
        return f"the outputs {', '.join(model.output_names)}"
    return f"{model.n_outputs} values" if model.n_outputs else f"the output {model.output_name}"


def _examples(request: ShowdownRequest, model: OnnxModel, folder: JobFolder, progress: Progress) -> Compared:
    """Inputs for the first row's model: the user's own images, or random ones with a warning where there are any."""
    random = noise_data(model).split("evaluation").span(0, COMPARED_EXAMPLES)
    if request.data is None:
        return Compared(random)
    try:
        data = load(
            request.data,
            request.split,
            model.preprocess,
            request.seed,
            merge_train=False,
            n_outputs=None,
            inputs=model.input_specs,
            work=folder.work,
            cache=Cache(Home.default().cache),
            on_progress=lambda share, text: progress.emit("showdown", "load", READ * share, text),
        )
    except RequestError as error:
        text = f"The outputs were compared on random inputs, since the images could not be read: {error.message}"
        return Compared(random, warnings=(Note(code=error.code, text=text),))
    own = data.split("evaluation").span(0, COMPARED_EXAMPLES)
    return Compared(own, on_images=True) if len(own) else Compared(random)


def _measure(
    rows: Sequence[TimedRow],
    compared: Compared,
    request: ShowdownRequest,
    folder: JobFolder,
    progress: Progress,
) -> Showdown:
    """The showdown on these inputs; the folder has what there is of it as the rounds go on."""
    deadline = time.monotonic() + 60 * request.minutes
    models = {str(number): row.model for number, row in enumerate(rows)}
    targets = {str(number): row.target for number, row in enumerate(rows)}
    first, inputs = rows[0].target, full_batch(compared.examples, rows[0].target.batch_size)
    errors: dict[str, FeatherweightError] = {}

    @contextmanager
    def guard(id: str) -> Iterator[None]:
        with left_out(errors, id, targets[id]):
            yield
        _check_first(errors)

    progress.emit("showdown", "compare", READ, "comparing the outputs")
    for id, model in models.items():
        with guard(id):
            trial_call(model, targets[id], inputs)
    closeness = _fidelities(rows, compared.examples, errors)
    results = ShowdownResults(rows, compared, request.rounds, errors, closeness, environment())
    with watched(max(row.target.threads or 1 for row in rows)) as busy:
        timings = time_rounds(
            {id: model for id, model in models.items() if id not in errors},
            first,
            inputs,
            on_round=lambda done, total: progress.emit(
                "showdown", "latency", COMPARED + (1 - COMPARED) * done / total, f"round {done} of {total}"
            ),
            n_rounds=request.rounds,
            deadline=deadline,
            targets=targets,
            guard=guard,
            on_timings=_saver(folder, results),
        )
    return results.of(timings, (*_time_was_up(request, max(map(len, timings.values()))), *busy))


def _check_first(errors: Mapping[str, FeatherweightError]) -> None:
    """Raises RunError where the first row is among those that do not run."""
    if "0" not in errors:
        return
    raise RunError(
        f"the first row, which all others are compared with, does not run: {errors['0'].message}",
        "Choose another row as the first",
        code=errors["0"].code,
    )


def _saver(folder: JobFolder, results: ShowdownResults) -> Callable[[Timings], None]:
    """Writes the result so far into the folder, from the round on that tells something, and not to the rounds' cost."""
    took, ended = 0.0, -math.inf

    def save(timings: Timings) -> None:
        nonlocal took, ended
        began = time.monotonic()
        is_soon = began - ended < took * (1 - SAVING_SHARE) / SAVING_SHARE
        if is_soon or max(map(len, timings.values())) < FEWEST_ROUNDS:
            return
        folder.write("result.json", results.of(timings, (), complete=False))
        ended = time.monotonic()
        took = ended - began

    return save


def _time_was_up(request: ShowdownRequest, n_rounds: int) -> tuple[Note, ...]:
    """A warning where fewer rounds than were asked for were timed: nothing but the minutes ends them before."""
    if n_rounds >= request.rounds:
        return ()
    text = f"{time_was_up(request.minutes)} after {n_rounds} of {request.rounds} rounds: more minutes tell more"
    return (Note(code=codes.OUT_OF_TIME, text=text),)


def _fidelities(
    rows: Sequence[TimedRow], examples: Examples, errors: dict[str, FeatherweightError]
) -> dict[int, Fidelity | Note]:
    """How close each row but the first is to that one, or why that cannot be told."""
    reference = predict(rows[0].model, examples, rows[0].target).answers
    closeness: dict[int, Fidelity | Note] = {}
    for number, row in enumerate(rows[1:], start=1):
        if str(number) in errors:
            continue
        try:
            answers = predict(row.model, examples, row.target).answers
        except (RunError, MemoryError) as error:  # an answer that is not finite is a RunError, too
            reason = as_error(error)
            closeness[number] = Note(code=reason.code, text=f"Its outputs were not compared: {reason.message}")
        else:
            closeness[number] = fidelity(row.model.task, _with_names_of(reference, answers), reference)
    return closeness


def _with_names_of(reference: Answers, answers: Answers) -> Answers:
    """The answers with their outputs under the names of the reference, which has as many."""
    return replace(answers, outputs=dict(zip(reference.outputs, answers.outputs.values(), strict=True)))
