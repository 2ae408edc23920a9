"""Follows a chain: each step's model becomes an ONNX variant, stored and scored before the next step begins."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.context import CandidateResult, Model, ProgressCallback, as_onnx, no_progress
from engine.data import first_batch
from engine.errors import FeatherweightError, LimitError, RunError, TargetError, as_error
from engine.measure.neighbours import N_EXAMPLES, neighbour_note
from engine.measure.trial_call import check_capture
from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.networks import keep_network
from engine.models.number_format import targets_for
from engine.planning.parts import ACCURACY, BASELINE, EXPORT, phase_of, step_key
from engine.results import Note, Variant, codes
from engine.run.progress import RunProgress
from engine.run.report_builder import ReportBuilder
from engine.run.step_runner import StepResult, StepRunner
from engine.runtimes import RaceTarget
from engine.search.context import no_candidate
from engine.settings import Step
from engine.system.fresh_processes import FreshProcesses


@dataclass(frozen=True)
class RunContext:
    """What following a chain needs: what applies its steps, writes the report and reports progress."""

    step_runner: StepRunner
    builder: ReportBuilder
    run_progress: RunProgress
    labels: np.ndarray | None
    """Those of the images that report."""
    processes: FreshProcesses | None = None
    """Those in which cold starts are measured; None where none are."""


@dataclass(frozen=True)
class BranchState:
    """The state of a chain after a step: the model for torch steps, its ONNX file for the others, and its variant."""

    model: Model
    onnx: OnnxModel
    variant_id: str
    path: tuple[Step, ...]


def make_baseline(context: RunContext, source: Model, steps: tuple[Step, ...]) -> BranchState:
    """The first variant: the source as it is, or after the leading steps that all chains share.

    Raises RunError where the target asks for a captured graph and this model's cannot be captured.
    """
    model, seconds = source, 0.0
    notes: tuple[Note, ...] = ()
    for step in steps:
        result = _apply(context, BASELINE, model, step)
        model, notes, seconds = result.model, (*notes, *result.notes), seconds + result.seconds
    return _add_variant(
        context, BASELINE, model, notes, seconds, branch=0, number=0, step=None, parent=None, path=steps
    )


def follow(context: RunContext, state: BranchState, branch: int, chain: tuple[Step, ...], first: int) -> None:
    """Applies every step of the chain from number `first` on. A step that fails ends the chain and is in the report.

    So does an exception that nobody foresaw, whose traceback goes to stderr. Where memory or the disk ran out, which
    ends the whole run, it is raised as it is.
    """
    for number, step in enumerate(chain[first:], start=first):
        try:
            state = _advance(context, state, branch, number, step)
        # Any exception: techniques call torch, onnx and others, whose errors have no common base, and what broke in
        # one chain says nothing of the others, which are asked for as well.
        except Exception as exception:  # noqa: BLE001
            error = _chain_error(exception)
            after = f" after {', '.join(step.technique for step in state.path)}" if state.path else ""
            summary = f"step {number + 1} of {len(chain)} ({step.technique}) failed{after}"
            context.builder.fail(branch, number, step.technique, summary, error)
            context.builder.write("running")
            return


def _chain_error(exception: Exception) -> FeatherweightError:
    """The error to report of a chain. Raises the exception itself where the system had no more memory or disk."""
    if isinstance(exception, FeatherweightError):
        return exception
    error = as_error(exception)
    if isinstance(error, LimitError):
        raise exception
    traceback.print_exception(exception)
    return RunError(error.message, error.next, code="unexpected")


def _advance(context: RunContext, state: BranchState, branch: int, number: int, step: Step) -> BranchState:
    model = state.onnx if step.stage == "onnx" else state.model
    key = step_key(context.builder.recipe, branch, number)

    def on_candidate(candidate: CandidateResult) -> None:
        _add_candidate(context, state, branch, number, candidate)

    result = _apply(context, key, model, step, on_candidate)
    variant_step: Step = step
    notes = result.notes
    if result.search is not None:
        winner = result.search.winner
        context.builder.end_race(
            branch,
            number,
            winner_id=winner.key[:12] if winner else state.variant_id,
            reason=result.search.reason,
            notes=result.notes,
            n_images=result.search.n_images,
            seconds=result.seconds,
            reused=result.reused,
        )
        if winner is None or winner.settings is None:  # the file stays as it was, if at another target
            context.builder.write("running")
            return state
        variant_step, notes = winner.settings, (*result.notes, *winner.notes)
    return _add_variant(
        context,
        key,
        result.model,
        notes,
        result.seconds,
        branch=branch,
        number=number,
        step=variant_step,
        parent=state.variant_id,
        path=(*state.path, variant_step),
    )


def _apply(
    context: RunContext,
    part: str,
    model: Model,
    step: Step,
    on_candidate: Callable[[CandidateResult], None] = no_candidate,
) -> StepResult:
    phase = context.run_progress.begin(part, phase_of(step))
    result = context.step_runner.apply(model, step, phase, on_candidate)
    phase.end(reused=result.reused, fresh=result.fresh)
    return result


def _add_candidate(
    context: RunContext, state: BranchState, branch: int, number: int, candidate: CandidateResult
) -> None:
    """Adds a search's candidate to the report, with its predictions where it reached a final."""
    prefix = label(state.path) + " + " if state.path else ""
    variant = context.builder.add_variant(
        candidate.model,
        parent_id=state.variant_id,
        branch=branch,
        number=number,
        step=candidate.settings,
        label=prefix + candidate.trial.name,
        notes=candidate.notes,
        seconds=candidate.seconds,
        at=candidate.at,
        candidate=True,
    )
    context.builder.add_trial(variant.id, candidate.trial, branch, number, state.variant_id)
    if candidate.trial.stage == "final" and variant.id not in context.builder.predictions:
        step_runner = context.step_runner.at(variant.target or context.step_runner.target)
        predictions = step_runner.predict(context.builder.models[variant.id], no_progress)
        context.builder.score(variant.id, predictions, context.labels)
    context.builder.write("running")


def _add_variant(
    context: RunContext,
    part: str,
    model: Model,
    notes: tuple[Note, ...],
    seconds: float,
    *,
    branch: int,
    number: int,
    step: Step | None,
    parent: str | None,
    path: tuple[Step, ...],
) -> BranchState:
    export_result = _export(context, part, model)
    exported = as_onnx(export_result.model)
    first = context.step_runner.first_target
    if parent is None:
        check_capture(exported, first.target, context.step_runner.inputs(first.target.batch_size))
        exported, notes = _with_neighbours(context, exported, notes)
    own_label = label(path if step else ())
    variant = context.builder.add_variant(
        exported,
        parent_id=parent,
        branch=branch,
        number=number,
        step=step,
        label=_label_at(own_label, first),
        notes=notes,
        seconds=seconds + export_result.seconds,
        at=first,
    )
    if isinstance(model, TorchModel) and path and model.weights is not None and not model.structure:
        keep_network(model, context.builder.folder.file(variant.file).parent)
    file = context.builder.models[variant.id]
    _score_everywhere(context, part, variant, own_label)
    context.builder.write("running")
    return BranchState(model, file, variant.id, path)


def _score_everywhere(context: RunContext, part: str, first: Variant, own_label: str) -> None:
    """Scores a variant that was just added, and its file at every other target that is raced."""
    phase = context.run_progress.begin(part, ACCURACY)
    others = targets_for(context.builder.models[first.id].path, context.step_runner.race_targets[1:])
    share = 1 / (1 + len(others))
    reused = [_score(context, _between(phase, 0.0, share), first)]
    for number, at in enumerate(others, start=1):
        on_progress = _between(phase, number * share, (number + 1) * share)
        reused.append(_add_at(context, on_progress, first, own_label, at))
    phase.end(reused=all(reused))


def _add_at(context: RunContext, on_progress: ProgressCallback, first: Variant, own_label: str, at: RaceTarget) -> bool:
    """Adds the file of a variant at another target and scores it; whether its predictions were there already.

    Where it does not run there, the variant has a note.
    """
    builder = context.builder
    model = builder.models[first.id]
    try:
        check_capture(model, at.target, context.step_runner.inputs(at.target.batch_size))
        variant = builder.add_variant(
            model,
            parent_id=first.id,
            branch=first.branch,
            number=first.step,
            step=first.settings,
            label=_label_at(own_label, at),
            notes=(),
            seconds=0.0,
            at=at,
        )
        return _score(context, on_progress, variant)
    except LimitError:
        raise
    except (RunError, TargetError) as error:
        builder.add_note(first.id, Note(code=codes.NOT_RACED, text=f"It does not run in {at.label}: {error.message}"))
        return False


def _export(context: RunContext, part: str, model: Model) -> StepResult:
    phase = context.run_progress.begin(part, EXPORT)
    result = context.step_runner.export(model, phase)
    phase.end(reused=result.reused)
    return result


def _with_neighbours(
    context: RunContext, model: OnnxModel, notes: tuple[Note, ...]
) -> tuple[OnnxModel, tuple[Note, ...]]:
    """The baseline, marked and with a note where an example's answer depends on the others of its call."""
    step_runner = context.step_runner
    note = neighbour_note(model, first_batch(step_runner.data.unreported, N_EXAMPLES), step_runner.target)
    return (model, notes) if note is None else (replace(model, batch_dependent=True), (*notes, note))


def _score(context: RunContext, on_progress: ProgressCallback, variant: Variant) -> bool:
    """Scores a variant that was just added; whether its predictions were there already.

    One that cannot be scored is removed, so that it is never recommended.
    """
    id, model = variant.id, context.builder.models[variant.id]
    step_runner, data = context.step_runner.at(variant.target or context.step_runner.target), context.step_runner.data
    n_selection, n_evaluation = len(data.selection), len(data.split("evaluation"))
    share = n_selection / (n_selection + n_evaluation)
    reused = id in context.builder.predictions or step_runner.was_predicted(model)
    try:
        if n_selection:
            chosen_on = step_runner.predict(model, _between(on_progress, 0.0, share), "selection")
            context.builder.score_selection(id, chosen_on, data.selection.labels)
        if id not in context.builder.predictions:
            predictions = step_runner.predict(model, _between(on_progress, share, 1.0))
            context.builder.score(id, predictions, context.labels)
    except BaseException:
        if id != context.builder.baseline.id:
            context.builder.discard(id)
        raise
    return reused


def _between(on_progress: ProgressCallback, begin: float, end: float) -> ProgressCallback:
    """The progress of a part of the work, from one share of it to another."""
    return lambda fraction, message, **metrics: on_progress(begin + (end - begin) * fraction, message, **metrics)


def _label_at(own_label: str, at: RaceTarget) -> str:
    return f"{own_label}, {at.label}" if at.label else own_label


def label(path: tuple[Step, ...]) -> str:
    """The name of a variant: the labels of the steps that led to it."""
    return " + ".join(step.label for step in path) or "Baseline"
