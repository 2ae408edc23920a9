"""Files at targets, side by side: the same interleaved rounds, a verdict on every pair, and their outputs compared."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.analyses.variant_files import read_file
from engine.data import Examples, full_batch, load
from engine.errors import FeatherweightError, MeasureError, RequestError, RunError
from engine.measure.contention import not_measured_note, watched
from engine.measure.latency import RoundTiming, compare, time_rounds
from engine.measure.noise import noise_data
from engine.measure.pairs import pairs_of
from engine.measure.predictions import predict
from engine.measure.quality import fidelity
from engine.measure.timing import not_timed_note
from engine.measure.trial_call import trial_calls
from engine.models.artifacts import OnnxModel
from engine.planning.hardware_jobs import COMPARED_EXAMPLES
from engine.results import Fidelity, Note, Showdown, ShowdownRow, codes
from engine.run.preflight import check_batch
from engine.runtimes import precision_of, resolve_target
from engine.settings import ShowdownEntry, ShowdownRequest, Target
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.system.machine import environment
from engine.tasks import TASKS, Answers

READ, COMPARED = 0.1, 0.25
"""The finished fraction once the files were read, and once their outputs were compared."""


@dataclass(frozen=True)
class TimedRow:
    """A row of the request with its model, and a target that has a number of threads."""

    entry: ShowdownEntry
    model: OnnxModel
    target: Target

    @property
    def label(self) -> str:
        return self.entry.file.label


def showdown(request: ShowdownRequest, folder: JobFolder, progress: Progress) -> Showdown:
    """Ratios of every pair of rows from the same rounds, one live session at a time, under the home's measure lock.

    Its minutes begin with the lock; where they end the rounds early, a warning says so.

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
    examples, on_images, warnings = _examples(request, rows[0].model, folder, progress)
    with hold_measure_lock(Home.default().measure_lock, "showdown", wait_event(folder, progress, "showdown")):
        timed = _measure(rows, examples, request, progress)
    return timed.model_copy(update={"on_images": on_images, "warnings": (*warnings, *timed.warnings)})


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


def _examples(
    request: ShowdownRequest, model: OnnxModel, folder: JobFolder, progress: Progress
) -> tuple[Examples, bool, tuple[Note, ...]]:
    """Inputs for the first row's model, whether they are the user's own, and a warning where these cannot be read."""
    random = noise_data(model).split("evaluation").span(0, COMPARED_EXAMPLES)
    if request.data is None:
        return random, False, ()
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
        return random, False, (Note(code=error.code, text=text),)
    own = data.split("evaluation").span(0, COMPARED_EXAMPLES)
    return (own, True, ()) if len(own) else (random, False, ())


def _measure(rows: Sequence[TimedRow], examples: Examples, request: ShowdownRequest, progress: Progress) -> Showdown:
    """The showdown on these inputs, whose `on_images` the caller sets."""
    deadline = time.monotonic() + 60 * request.minutes
    models = {str(number): row.model for number, row in enumerate(rows)}
    targets = {str(number): row.target for number, row in enumerate(rows)}
    first, inputs = rows[0].target, full_batch(examples, rows[0].target.batch_size)
    progress.emit("showdown", "compare", READ, "comparing the outputs")
    errors = trial_calls(models, first, inputs, targets)
    if "0" in errors:
        raise RunError(
            f"the first row, which all others are compared with, does not run: {errors['0'].message}",
            "Choose another row as the first",
        )
    closeness = _fidelities(rows, examples, errors)
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
        )
    warnings = (*_time_was_up(request, max(map(len, timings.values()))), *busy)
    return _result(rows, timings, errors, closeness, warnings, len(examples))


def _time_was_up(request: ShowdownRequest, n_rounds: int) -> tuple[Note, ...]:
    """A warning where fewer rounds than were asked for were timed: nothing but the minutes ends them before."""
    if n_rounds >= request.rounds:
        return ()
    text = (
        f"The {request.minutes:g} minutes were up after {n_rounds} of {request.rounds} rounds: more minutes tell more"
    )
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
        except (MeasureError, RunError) as error:
            closeness[number] = Note(code=error.code, text=f"Its outputs were not compared: {error.message}")
        else:
            closeness[number] = fidelity(row.model.task, _with_names_of(reference, answers), reference)
    return closeness


def _with_names_of(reference: Answers, answers: Answers) -> Answers:
    """The answers with their outputs under the names of the reference, which has as many."""
    return replace(answers, outputs=dict(zip(reference.outputs, answers.outputs.values(), strict=True)))


def _result(
    rows: Sequence[TimedRow],
    timings: dict[str, list[RoundTiming]],
    errors: dict[str, FeatherweightError],
    closeness: dict[int, Fidelity | Note],
    warnings: Sequence[Note],
    n_examples: int,
) -> Showdown:
    targets = {str(number): row.target for number, row in enumerate(rows)}
    latencies = compare(timings, "0", rows[0].target, targets)

    def result_row(number: int, row: TimedRow) -> ShowdownRow:
        timed, error, close = latencies.get(str(number)), errors.get(str(number)), closeness.get(number)
        return ShowdownRow(
            file=row.entry.file,
            target=row.target,
            size_bytes=row.model.path.stat().st_size,
            precision=precision_of(row.target),
            latency=timed.latency if timed else None,
            throughput=timed.throughput if timed else None,
            estimate=timed.estimate if timed else None,
            fidelity=close if isinstance(close, Fidelity) else None,
            note=not_timed_note(error) if error else close if isinstance(close, Note) else None,
        )

    n_missing = sum(one.latency is None for one in latencies.values())
    missing = (not_measured_note(n_missing, len(latencies)),) if n_missing else ()
    prepared = tuple(
        _prepared_otherwise(rows[0], row) for row in rows if row.model.preprocess != rows[0].model.preprocess
    )
    ids = tuple(int(id) for id in timings)
    return Showdown(
        rows=tuple(result_row(number, row) for number, row in enumerate(rows)),
        pairs=tuple(
            pair.model_copy(update={"row": ids[pair.row], "reference": ids[pair.reference]})
            for pair in pairs_of(timings, rows[0].target, targets)
        ),
        n_rounds=max(map(len, timings.values())),
        n_examples=n_examples,
        on_images=False,
        warnings=(*prepared, *missing, *warnings),
        environment=environment(),
    )


def _prepared_otherwise(first: TimedRow, other: TimedRow) -> Note:
    text = (
        f"'{other.label}' wants its images prepared otherwise than '{first.label}': the outputs of both were compared "
        "on images prepared for the latter"
    )
    return Note(code=codes.PREPARED_OTHERWISE, text=text)
