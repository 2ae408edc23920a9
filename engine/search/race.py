"""The race: build what suits graph and machine, screen it, time the best in a final, keep the winner or FP32."""

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.context import Outcome, ProgressCallback, SearchResult
from engine.data import Examples
from engine.errors import LimitError, RunError, StepError
from engine.measure.contention import not_measured_note
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes, times_as_fast
from engine.search.candidate import Candidate
from engine.search.context import RaceContext
from engine.search.escalation import START as ESCALATION
from engine.search.escalation import escalate
from engine.search.mixed import repair
from engine.search.other_targets import build_by_nncf, elsewhere, fp32_elsewhere
from engine.search.placement import place
from engine.search.qat_hint import qat_may_help
from engine.search.search_space import Facts, Plan, equalized, methods, refinements
from engine.search.selection import (
    base_to_refine,
    best_static,
    choose,
    finalists,
    holds,
    lossy_static,
    not_surely_slower,
    reason_for,
    set_outcomes,
)
from engine.search.timing import operator_milliseconds, run_final, screen
from engine.search.workspace import Workspace, make_workspace
from engine.settings import QuantizeAuto
from engine.techniques.quantize import check_quantizable, equalizable, free_products, heavy_nodes, with_crops_of_few
from engine.wording import many

BUILD, SCREEN, BUILD_AGAIN, SCREEN_AGAIN = 0.05, 0.3, 0.5, 0.6
"""Where each stage begins, as a share of the progress."""
MAX_REFINED_RATIO = 1.25
"""The highest ratio to FP32 from which refinements are tried: none of them has gained more (docs/log.md)."""


def race(model: OnnxModel, settings: QuantizeAuto, context: RaceContext) -> Outcome:
    """The fastest (smallest, by the goal) candidate that keeps the accuracy budget, or the model as it was.

    The first half of the calibration images sets the ranges, with crops of them where there are few; all that is chosen
    is chosen on the selection images (`Data.selection`), and no evaluation image is read. `on_candidate` gets every
    candidate as soon as it is built. At the context's deadline no further one is begun, and the best of those that are
    there goes into the final.

    Raises StepError where nothing can be quantized, there are fewer than two calibration images or none can choose.
    """
    check_quantizable(model)
    on_progress = _monotonic(context.on_progress)
    end = ESCALATION if settings.escalate else 1.0
    context = replace(
        context, on_progress=lambda fraction, message, **metrics: on_progress(end * fraction, message, **metrics)
    )
    calibration = context.data.split("calibration")
    n_images, noun = min(settings.calibration_images, len(calibration)), calibration.noun
    if n_images < 2:
        raise StepError(
            f"the race needs two calibration {noun}s at the least, one to set ranges and one to choose, and "
            f"there are {n_images}",
            f"Raise the share of {noun}s for calibration (split.calibration)",
        )
    if not len(context.data.selection):
        raise StepError(
            f"no {noun} is left to choose among the candidates: all are the same as {noun}s that report",
            f"Add {noun}s that differ, or choose a method in place of the race",
        )
    images, crop_notes = with_crops_of_few(
        calibration.span(0, n_images // 2), settings.calibration_images // 2, context
    )
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        workspace, simplified, notes = make_workspace(model, context, images, Path(work))
        outcome = _run(workspace, model, simplified, settings, n_images, on_progress)
    return replace(outcome, notes=(*notes, *crop_notes, *outcome.notes))


def _run(
    workspace: Workspace,
    model: OnnxModel,
    simplified: Candidate | None,
    settings: QuantizeAuto,
    n_images: int,
    on_progress: ProgressCallback,
) -> Outcome:
    context, budget = workspace.context, workspace.context.budget
    candidates, notes = _build_and_screen(workspace, model, simplified)
    winner = _final(workspace, model, finalists(candidates, context), candidates)
    if settings.mixed_precision and (winner is None or not (winner.is_static and holds(winner, budget))):
        lossy = lossy_static(candidates, budget)
        repairs = repair(workspace, not_surely_slower(lossy, None if context.goal == "size" else winner), candidates)
        candidates += repairs
        winner = _final(workspace, model, repairs, candidates)
    was_trained = False
    if settings.escalate:
        escalation = escalate(
            workspace,
            model,
            candidates,
            winner,
            lambda group: _final(workspace, model, group, candidates),
            on_progress,
        )
        winner, was_trained = escalation.winner, escalation.was_trained
        notes += escalation.notes
    if (winner is None or winner.is_float) and not was_trained:
        notes += qat_may_help(workspace, model, candidates)
    set_outcomes(candidates, winner, context)
    for candidate in candidates:
        context.on_candidate(candidate.result())
    n_disturbed = sum(one.was_disturbed for one in candidates)
    search = SearchResult(
        candidates=tuple(candidate.result() for candidate in candidates),
        winner_key=winner.key if winner else None,
        reason=reason_for(
            winner, candidates, context, lambda timed: operator_milliseconds(workspace, timed.model, timed.at)
        ),
        n_images=len(workspace.judges.part),
    )
    return Outcome(
        model=winner.model if winner else model,
        notes=(
            *notes,
            *_out_of_time_notes(workspace),
            *workspace.busy[:1],
            *([not_measured_note(n_disturbed, len(candidates))] if n_disturbed else []),
            _images_note(n_images, workspace.judges.part, settings),
        ),
        # What did not run may run next time, when there is more memory.
        complete=not workspace.left_out
        and not workspace.busy
        and not n_disturbed
        and all(one.untimed is None for one in candidates),
        search=search,
    )


def _final(
    workspace: Workspace, model: OnnxModel, group: list[Candidate], candidates: list[Candidate]
) -> Candidate | None:
    """The winner of all that were in a final, after a final of this group."""
    if len(group) > 1 and workspace.out_of_time("the final of all but the best of the screening"):
        group = group[:1]
    run_final(workspace, model, group)
    return choose([one for one in candidates if one.stage == "final"], workspace.context)


def _build_and_screen(
    workspace: Workspace, model: OnnxModel, simplified: Candidate | None
) -> tuple[list[Candidate], list[Note]]:
    """Builds and screens the methods, then placements and refinements of the best static one."""
    facts = _facts(workspace)
    unchanged, failures = fp32_elsewhere(workspace, model)
    candidates = [*([simplified] if simplified else []), *unchanged]
    for candidate in candidates:
        workspace.context.on_candidate(candidate.result())
    notes = failures + _build(
        workspace, methods(facts, workspace.calibrator.n_images), candidates, BUILD, SCREEN, everywhere=True
    )
    notes += build_by_nncf(workspace, facts, candidates, partial(_build, begin=SCREEN, end=SCREEN, everywhere=True))
    if not candidates:
        raise StepError(f"no candidate could be built: {notes[0].text}", "Leave quantization out")
    screen(workspace, model, candidates, SCREEN)
    notes += place(workspace, model, candidates, _build)
    base = base_to_refine(candidates, workspace.context.budget)
    notes += _equalize(workspace, model, facts, candidates)
    if base is not None:
        notes += _refine(workspace, base, facts, candidates)
    screen(workspace, model, candidates, SCREEN_AGAIN)
    return candidates, notes


def _build(
    workspace: Workspace,
    plans: tuple[Plan, ...],
    candidates: list[Candidate],
    begin: float,
    end: float,
    *,
    everywhere: bool = False,
) -> list[Note]:
    """Adds every plan that can be built before the deadline to the candidates; returns notes on those that could not.

    `begin` and `end` are shares of the progress. `everywhere` adds each file at every target that is raced, too.
    """
    context, notes = workspace.context, []
    for number, plan in enumerate(plans):
        if any(not one.is_float for one in candidates) and workspace.out_of_time(plan.name):
            continue
        context.on_progress(
            begin + (end - begin) * number / len(plans), f"building candidate {number + 1} of {len(plans)}: {plan.name}"
        )
        try:
            candidate = workspace.build(plan)
        except LimitError:
            raise
        except RunError as error:
            dropped = error.code == codes.MISCOMPUTED
            what = "was dropped" if dropped else "could not be built"
            code = error.code if dropped else "candidate_failed"
            notes.append(Note(code=code, text=f"{plan.name} {what}: {error.message}"))
            continue
        if any(candidate.key == other.key for other in candidates):
            continue  # on this graph it gives the same file
        others, failures = elsewhere(workspace, candidate) if everywhere else ([], [])
        notes += failures
        for one in (candidate, *others):
            candidates.append(one)
            context.on_candidate(one.result())
    return notes


def _equalize(workspace: Workspace, model: OnnxModel, facts: Facts, candidates: list[Candidate]) -> list[Note]:
    """Adds the fastest static candidate that loses too much with its channels equalized, at its target.

    What is surely over the budget is timed for that, too. Nothing where it is so slow that no mend pays.
    """
    lossy = lossy_static(candidates, workspace.context.budget)
    if facts.n_pairs == 0 or not lossy:
        return []
    screen(workspace, model, lossy, BUILD_AGAIN, also_over=True)
    base = best_static(lossy)
    if base is None or _too_slow(base) is not None:
        return []
    plans = (equalized(base.plan, facts),)
    return _build(workspace.at_target_of(base), plans, candidates, BUILD_AGAIN, BUILD_AGAIN)


def _refine(workspace: Workspace, base: Candidate, facts: Facts, candidates: list[Candidate]) -> list[Note]:
    """Adds the refinements of the static candidate, at its target, or says why none pays."""
    why_not = _too_slow(base)
    if why_not is not None:
        return [why_not]
    there = workspace.at_target_of(base)
    return _build(there, refinements(base.plan, facts), candidates, BUILD_AGAIN, SCREEN_AGAIN)


def _too_slow(base: Candidate) -> Note | None:
    """Why no refinement of a static candidate pays, where it is that slow."""
    if base.latency is None or base.latency.ratio_low <= MAX_REFINED_RATIO:
        return None
    speed = times_as_fast(base.latency, base.fp32)
    text = f"{base.name} is {speed} in the screening, and no refinement of it makes up for that"
    return Note(code="not_refined", text=text)


def _facts(workspace: Workspace) -> Facts:
    context, base = workspace.context, workspace.base
    proto = workspace.calibrator.proto()
    layers = heavy_nodes(proto)
    types = {node.name: node.op_type for node in proto.graph.node}
    return Facts(
        times=operator_milliseconds(workspace, base),
        layers=tuple(sorted({types[name] for name in layers})),
        n_layers=len(layers),
        products=free_products(proto),
        isa=context.isa,
        goal=context.goal,
        n_pairs=len(equalizable(proto)),
        on_cuda=context.target.on_cuda,
    )


def _images_note(n_images: int, judges: Examples, settings: QuantizeAuto) -> Note:
    text = (
        f"{many(n_images // 2, judges.noun)} of the calibration split set the ranges; {len(judges):,} others, of which "
        "none reports, chose among the candidates"
    )
    if n_images >= settings.calibration_images:
        return Note(code=codes.CALIBRATION, text=text)
    text = f"{text}; {settings.calibration_images} were asked for and the split has {n_images}"
    return Note(code=codes.FEWER_CALIBRATION_IMAGES, text=text)


def _out_of_time_notes(workspace: Workspace) -> list[Note]:
    """A note of all that was left out when the time was up, or that of a stage, which has a share of it; or nothing."""
    if not workspace.left_out:
        return []
    stage = "A stage of the race had used its share of the time"
    when = "The time was up before the race was over" if workspace.is_over else stage
    text = f"{when}; the best by then counts. Left out: {', '.join(dict.fromkeys(workspace.left_out))}"
    return [Note(code=codes.OUT_OF_TIME, text=text)]


def _monotonic(on_progress: ProgressCallback) -> ProgressCallback:
    """The same callback with a fraction that never falls: a repair comes after stages with a larger share."""
    highest = 0.0

    def on_monotonic_progress(fraction: float, message: str, **metrics: float) -> None:
        nonlocal highest
        highest = max(highest, fraction)
        on_progress(highest, message, **metrics)

    return on_monotonic_progress
