"""The race: build what suits graph and machine, screen it, time the best in a final, keep the winner or FP32."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.context import Context, Outcome, Search, Tell
from engine.errors import LimitError, RunError, StepError
from engine.measure.contention import watched
from engine.measure.latency import measure_latency
from engine.measure.predictions import filled
from engine.measure.quality import Drop, loss
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes, times_as_fast
from engine.runtimes.profiling import operator_times
from engine.search.candidate import Entrant
from engine.search.mixed import restore_layers
from engine.search.qat_hint import qat_may_help
from engine.search.search_space import Facts, Plan, methods, refinements
from engine.search.selection import (
    best_static,
    choose,
    finalists,
    give_outcomes,
    over_accuracy,
    reason_for,
    surely_over,
)
from engine.search.workspace import Stable, make_stable
from engine.settings import QuantizeAuto
from engine.system.machine import cores
from engine.techniques.quantize import check_quantizable, free_products, heavy_nodes
from engine.wording import many

SCREENING_ROUNDS, FINAL_ROUNDS = 3, 12
BUILD, SCREEN, BUILD_AGAIN, SCREEN_AGAIN, REPAIRED, FINAL, REPAIR = 0.05, 0.3, 0.35, 0.6, 0.65, 0.7, 0.85
"""Where each part begins, as a share of the progress."""
SCREENING = 0.05
"""The share of the progress that one screening takes."""
HOPELESS = 1.25
"""From this ratio to FP32 on, refinements are not tried: none of them has gained so much (docs/log.md)."""
MORE_FAITHFUL_DB = 6.0
"""What a repair aims at where the held-back images show no loss: half the error."""
Place = Callable[[float], tuple[float, str]]
"""From the share of the rounds that are done to the share of the race, and what it is called."""


def race(model: OnnxModel, settings: QuantizeAuto, context: Context) -> Outcome:
    """The fastest (smallest, by the goal) candidate that keeps the accuracy budget, or the model as it was.

    Half of the calibration images set the ranges, the other half screens and repairs; the evaluation images are read
    once for each finalist. Every candidate is offered as soon as it is built. At the context's deadline no further
    one is begun, and the best of those that are there goes into the final.

    Raises StepError where nothing can be quantized or there are fewer than two calibration images.
    """
    check_quantizable(model)
    context = replace(context, tell=_growing(context.tell))
    n_images = min(settings.calibration_images, len(context.data.split("calibration")))
    if n_images < 2:
        raise StepError("the race needs two calibration images at the least, one to set ranges and one to screen, and "
                        f"there are {n_images}",
                        "Raise the share of images for calibration (split.calibration)")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        stable, simplified, notes = make_stable(model, context, n_images, Path(work))
        outcome = _run(stable, model, simplified, settings, n_images)
    return replace(outcome, notes=(*notes, *outcome.notes))


def _run(
    stable: Stable, model: OnnxModel, simplified: Entrant | None, settings: QuantizeAuto, n_images: int
) -> Outcome:
    context, budget = stable.context, stable.context.budget
    entrants, notes = _enter(stable, model, simplified)
    static = [one for one in entrants if one.is_static]
    if settings.mixed_precision and static and all(surely_over(one, budget) for one in static):
        entrants += _repaired(stable, static, entrants, lambda one: not over_accuracy(one.drop, budget))
        _screen(stable, model, entrants, REPAIRED)
    winner, losses = _finals(stable, model, entrants)
    wrong = [one for one in _finished(entrants) if one.is_static and over_accuracy(losses[one.model.key], budget)]
    if settings.mixed_precision and wrong and (winner is None or winner.is_float):
        mended = _repaired(stable, wrong, entrants, _more_faithful_than(wrong))
        entrants += mended
        losses |= _run_final(stable, model, mended)
        winner = choose(_finished(entrants), losses, context)
    if winner is None or winner.is_float:
        notes += qat_may_help(stable, model, entrants, losses)
    give_outcomes(entrants, winner, losses, context)
    for entrant in entrants:
        context.offer(entrant.candidate())
    search = Search(
        candidates=tuple(entrant.candidate() for entrant in entrants),
        winner_key=winner.model.key if winner else None,
        reason=reason_for(winner, entrants, losses, context, lambda of: _times(stable, of)),
        n_images=len(stable.held.images),
    )
    return Outcome(
        model=winner.model if winner else model,
        notes=(
            *notes,
            *_time_was_up(stable),
            *stable.busy[:1],
            _images_note(n_images, len(stable.held.images), settings),
        ),
        complete=not stable.left_out and not stable.busy,
        search=search,
    )


def _finals(stable: Stable, model: OnnxModel, entrants: list[Entrant]) -> tuple[Entrant | None, dict[str, Drop]]:
    """Who won, and what each finalist loses on the evaluation images, by key.

    Where all that are fast enough lose too much there, the next best of the screening get a final of their own.
    """
    context = stable.context
    losses: dict[str, Drop] = {}
    now = finalists(entrants, context)
    while now:
        if len(now) > 1 and stable.out_of_time("the final of all but the best of the screening"):
            now = now[:1]
        losses |= _run_final(stable, model, now)
        winner = choose(_finished(entrants), losses, context)
        if winner or not any(over_accuracy(losses[one.model.key], context.budget) for one in now):
            return winner, losses
        now = finalists(entrants, context)
        if now and stable.out_of_time("a final of the next best"):
            break
    return None, losses


def _finished(entrants: list[Entrant]) -> list[Entrant]:
    return [entrant for entrant in entrants if entrant.stage == "final"]


def _enter(stable: Stable, model: OnnxModel, simplified: Entrant | None) -> tuple[list[Entrant], list[Note]]:
    """The methods, screened, then refinements of the best static one of them, screened as well."""
    facts = _facts(stable)
    entrants = [simplified] if simplified else []
    for entrant in entrants:
        stable.context.offer(entrant.candidate())
    notes = _build(stable, methods(facts, stable.calibrator.n_images), entrants, BUILD, SCREEN)
    if not entrants:
        raise StepError(f"no candidate could be built: {notes[0].text}", "Leave quantization out")
    _screen(stable, model, entrants, SCREEN)
    base = best_static(entrants)
    if base is None:
        return entrants, notes
    if base.latency is not None and base.latency.ratio_low > HOPELESS:
        speed = times_as_fast(base.latency, "FP32")
        text = f"{base.name} is {speed} in the screening, and no refinement of it makes up for that"
        return entrants, [*notes, Note(code="not_refined", text=text)]
    notes += _build(stable, refinements(base.plan, facts), entrants, BUILD_AGAIN, SCREEN_AGAIN)
    _screen(stable, model, entrants, SCREEN_AGAIN)
    return entrants, notes


def _build(stable: Stable, plans: tuple[Plan, ...], entrants: list[Entrant], begin: float, end: float) -> list[Note]:
    """Adds every plan that can be built before the deadline to the entrants; notes on those that could not.

    `begin` and `end` are shares of the progress.
    """
    context, notes = stable.context, []
    for number, plan in enumerate(plans):
        if any(not one.is_float for one in entrants) and stable.out_of_time(plan.name):
            continue
        context.tell(begin + (end - begin) * number / len(plans),
                     f"building candidate {number + 1} of {len(plans)}: {plan.name}")  # fmt: skip
        try:
            entrant = stable.enter(plan)
        except LimitError:
            raise
        except RunError as error:
            notes.append(Note(code="candidate_failed", text=f"{plan.name} could not be built: {error.message}"))
            continue
        if any(entrant.model.key == other.model.key for other in entrants):
            continue  # on this graph it comes to the same file
        entrants.append(entrant)
        context.offer(entrant.candidate())
    return notes


def _facts(stable: Stable) -> Facts:
    context, base = stable.context, stable.base
    proto = stable.calibrator.proto()
    layers = heavy_nodes(proto)
    types = {node.name: node.op_type for node in proto.graph.node}
    return Facts(
        times=_times(stable, base),
        layers=tuple(sorted({types[name] for name in layers})),
        n_layers=len(layers),
        products=free_products(proto),
        isa=context.isa,
        goal=context.goal,
    )


def _times(stable: Stable, model: OnnxModel) -> dict[str, float]:
    """Milliseconds of one call by operator type."""
    images = next(stable.held.images.batches(model.batch or stable.context.target.batch_size))
    with stable.context.measuring():
        return operator_times(
            model.path, stable.context.target, filled(images, model.batch), input_name=model.input_name
        )


def _screen(stable: Stable, model: OnnxModel, entrants: list[Entrant], begin: float) -> None:
    """A short timing of all that were not timed yet and may still keep the budget."""
    new = [one for one in entrants if one.latency is None and not surely_over(one, stable.context.budget)]
    _time(stable, model, new, SCREENING_ROUNDS, lambda share: (begin + SCREENING * share, "screening"))
    for entrant in new:
        entrant.stage = "screened"
        stable.context.offer(entrant.candidate())


def _run_final(stable: Stable, model: OnnxModel, final: list[Entrant]) -> dict[str, Drop]:
    """Times the finalists and reads the evaluation images once for each: what each loses there, by key."""
    context = stable.context
    if not final:
        return {}
    _time(stable, model, final, FINAL_ROUNDS, lambda share: (FINAL + (REPAIR - FINAL) * share, "final"))
    baseline = context.predict(context.baseline or model).logits
    labels = context.data.split("evaluation").labels
    losses = {}
    for entrant in final:
        entrant.stage = "final"
        losses[entrant.model.key] = loss(context.predict(entrant.model).logits, baseline, labels)
        context.offer(entrant.candidate())
    return losses


def _time(stable: Stable, model: OnnxModel, entrants: list[Entrant], n_rounds: int, place: Place) -> None:
    """Latency of the entrants and FP32 in the same rounds, while nothing else of this home measures."""
    if not entrants:
        return
    context = stable.context
    size = context.target.batch_size
    images = np.resize(next(stable.held.images.batches(size)), (size, *model.input_shape))

    def on_round(done: int, total: int) -> None:
        share, word = place(done / total)
        context.tell(share, f"{word}: {many(len(entrants), 'candidate')} and FP32, round {done} of {total}")

    with context.measuring(), watched(context.target.threads or cores()) as busy:
        measured = measure_latency(
            {model.key: model, **{entrant.model.key: entrant.model for entrant in entrants}},
            model.key, context.target, images, on_round=on_round, n_rounds=n_rounds, deadline=context.deadline,
        )  # fmt: skip
    stable.busy.extend(busy)
    for entrant in entrants:
        entrant.latency = measured[entrant.model.key][0]
    if any(entrant.latency and entrant.latency.n_rounds < n_rounds for entrant in entrants):
        stable.left_out.append(f"rounds of the {place(1.0)[1]}")


def _repaired(
    stable: Stable, failed: list[Entrant], entrants: list[Entrant], enough: Callable[[Entrant], bool]
) -> list[Entrant]:
    """The fastest static one, or the most faithful where none was timed, with its worst layers in float."""
    chosen = best_static(failed)
    if chosen is None or stable.out_of_time("layers back in float"):
        return []
    tell = stable.context.tell
    mended = restore_layers(stable, chosen, enough, lambda share, text: tell(REPAIR + (1 - REPAIR) * share, text))
    return [mended] if mended and all(mended.model.key != other.model.key for other in entrants) else []


def _more_faithful_than(failed: list[Entrant]) -> Callable[[Entrant], bool]:
    """Without loss on the held-back images, and with half the error of what lost too much on the evaluation images."""
    best = max(entrant.sqnr_db for entrant in failed)
    return lambda entrant: entrant.drop[0] <= 0 and entrant.sqnr_db >= best + MORE_FAITHFUL_DB


def _images_note(n_images: int, n_held: int, settings: QuantizeAuto) -> Note:
    text = (
        f"{n_images - n_held} images of the calibration split set the ranges, {n_held} others screened the candidates"
    )
    if n_images >= settings.calibration_images:
        return Note(code=codes.CALIBRATION, text=text)
    text = f"{text}; {settings.calibration_images} were asked for and the split has {n_images}"
    return Note(code=codes.FEWER_CALIBRATION_IMAGES, text=text)


def _time_was_up(stable: Stable) -> list[Note]:
    """A note of all that the time left out."""
    if not stable.left_out:
        return []
    text = ("The time was up before the race was over; the best by then counts. Left out: "
            f"{', '.join(dict.fromkeys(stable.left_out))}")  # fmt: skip
    return [Note(code=codes.OUT_OF_TIME, text=text)]


def _growing(tell: Tell) -> Tell:
    """A repair comes after parts that lie further on: the share that is done never falls."""
    furthest = 0.0

    def tell_growing(fraction: float, message: str, **metrics: float) -> None:
        nonlocal furthest
        furthest = max(furthest, fraction)
        tell(furthest, message, **metrics)

    return tell_growing
