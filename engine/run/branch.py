"""Following a chain: each step's model becomes an ONNX variant that is kept and scored before the next step begins."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.context import Candidate, Model, as_onnx, ignore, silent
from engine.errors import FeatherweightError, MeasureError
from engine.models.artifacts import OnnxModel
from engine.planning.parts import ACCURACY, BASELINE, EXPORT, phase_of, step_key
from engine.results import Note
from engine.run.progress import Meter
from engine.run.report_builder import Record
from engine.run.step_runner import Bench, StepResult
from engine.settings import Step


@dataclass(frozen=True)
class Shop:
    """What following a chain needs: where steps are done, written down, and told of."""

    bench: Bench
    record: Record
    meter: Meter
    labels: np.ndarray | None


@dataclass(frozen=True)
class Place:
    """Where a chain has come to: the model for torch steps, its ONNX file for the others, and its variant."""

    model: Model
    onnx: OnnxModel
    variant_id: str
    path: tuple[Step, ...]


def make_baseline(shop: Shop, source: Model, steps: tuple[Step, ...]) -> Place:
    """The first variant: the source as it is, or after the leading steps that all chains share."""
    model, seconds = source, 0.0
    notes: tuple[Note, ...] = ()
    for step in steps:
        result = _apply(shop, BASELINE, model, step)
        model, notes, seconds = result.model, (*notes, *result.notes), seconds + result.seconds
    return _keep(shop, BASELINE, model, notes, seconds, branch=0, number=0, step=None, parent=None, path=steps)


def follow(shop: Shop, place: Place, branch: int, chain: tuple[Step, ...], first: int) -> None:
    """Every step of the chain from number `first` on. A step that fails ends the chain and is written down."""
    for number, step in enumerate(chain[first:], start=first):
        try:
            place = _advance(shop, place, branch, number, step)
        except FeatherweightError as error:
            after = f" after {', '.join(step.technique for step in place.path)}" if place.path else ""
            where = f"step {number + 1} of {len(chain)} ({step.technique}) failed{after}"
            shop.record.fail(branch, number, step.technique, where, error)
            shop.record.write("running")
            return


def _advance(shop: Shop, place: Place, branch: int, number: int, step: Step) -> Place:
    model = place.onnx if step.stage == "onnx" else place.model
    key = step_key(shop.record.recipe, branch, number)

    def offer(candidate: Candidate) -> None:
        _offer(shop, place, branch, number, candidate)

    result = _apply(shop, key, model, step, offer)
    done: Step = step
    notes = result.notes
    if result.search is not None:
        winner = result.search.winner
        shop.record.end_race(
            branch, number, winner_id=winner.model.key[:12] if winner else place.variant_id,
            reason=result.search.reason, notes=result.notes, n_images=result.search.n_images, seconds=result.seconds,
            reused=result.reused,
        )  # fmt: skip
        if winner is None:
            shop.record.write("running")
            return place
        done, notes = winner.settings, (*result.notes, *winner.notes)
    return _keep(shop, key, result.model, notes, result.seconds, branch=branch, number=number, step=done,
                 parent=place.variant_id, path=(*place.path, done))  # fmt: skip


def _apply(shop: Shop, part: str, model: Model, step: Step, offer: Callable[[Candidate], None] = ignore) -> StepResult:
    phase = shop.meter.begin(part, phase_of(step))
    result = shop.bench.apply(model, step, phase, offer)
    phase.end(reused=result.reused, fresh=result.fresh)
    return result


def _offer(shop: Shop, place: Place, branch: int, number: int, candidate: Candidate) -> None:
    """A search's candidate into the report; its predictions where it came so far that it was scored."""
    before = label(place.path) + " + " if place.path else ""
    variant = shop.record.keep(
        candidate.model,
        parent_id=place.variant_id,
        branch=branch,
        number=number,
        step=candidate.settings,
        label=before + candidate.trial.name,
        notes=candidate.notes,
        seconds=candidate.seconds,
        candidate=True,
    )
    shop.record.enter(variant.id, candidate.trial, branch, number, place.variant_id)
    if candidate.trial.stage == "final" and variant.id not in shop.record.predictions:
        predicted = shop.bench.predict(shop.record.models[variant.id], silent)
        shop.record.score(variant.id, predicted, shop.labels)
    shop.record.write("running")


def _keep(
    shop: Shop, part: str, model: Model, notes: tuple[Note, ...], seconds: float, *, branch: int, number: int,
    step: Step | None, parent: str | None, path: tuple[Step, ...],
) -> Place:  # fmt: skip
    exported = _export(shop, part, model)
    variant = shop.record.keep(
        as_onnx(exported.model),
        parent_id=parent,
        branch=branch,
        number=number,
        step=step,
        label=label(path if step else ()),
        notes=notes,
        seconds=seconds + exported.seconds,
    )
    file = shop.record.models[variant.id]
    _score(shop, part, variant.id)
    shop.record.write("running")
    return Place(model, file, variant.id, path)


def _export(shop: Shop, part: str, model: Model) -> StepResult:
    phase = shop.meter.begin(part, EXPORT)
    exported = shop.bench.export(model, phase)
    phase.end(reused=exported.reused)
    return exported


def _score(shop: Shop, part: str, id: str) -> None:
    """A variant that was just kept; one that gives no answers is none, and must not be timed or recommended."""
    phase, model = shop.meter.begin(part, ACCURACY), shop.record.models[id]
    if id in shop.record.predictions:
        phase.end(reused=True)
        return
    reused = shop.bench.was_predicted(model)
    try:
        predicted = shop.bench.predict(model, phase)
    except MeasureError:
        if id != shop.record.baseline.id:
            shop.record.discard(id)
        raise
    phase.end(reused=reused)
    shop.record.score(id, predicted, shop.labels)


def label(path: tuple[Step, ...]) -> str:
    """What a variant is called: by the steps that led to it."""
    return " + ".join(step.label for step in path) or "Baseline"
