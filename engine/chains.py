"""Following a chain: each step's model becomes an ONNX variant that is kept and scored before the next step begins."""

from dataclasses import dataclass

import numpy as np

from engine.errors import FeatherweightError, MeasureError
from engine.measure.predictions import Predictions
from engine.meter import Meter
from engine.models.artifacts import OnnxModel
from engine.record import Record
from engine.results import Note
from engine.settings import Step
from engine.steps import Bench
from engine.techniques.context import Candidate, Model, Tell, as_onnx, silent

UNITS = {
    "load": 2.0, "export": 3.0, "score": 1.0, "time": 6.0,
    "finetune": 30.0, "distill": 40.0, "swap": 40.0, "prune": 10.0, "simplify": 1.0, "float16": 1.0, "quantize": 10.0,
    "qat": 60.0,
}  # fmt: skip
"""Rough shares of a run's time, which only the progress bar sees."""


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
        kept = shop.bench.apply(model, step, shop.meter.part("baseline", step.technique, UNITS[step.technique]))
        model, notes, seconds = kept.model, (*notes, *kept.notes), seconds + kept.seconds
    return _keep(shop, model, notes, seconds, branch=0, number=0, step=None, parent=None, path=steps)


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
    tell = shop.meter.part(_name(branch, number, step), step.technique, UNITS[step.technique])

    def offer(candidate: Candidate) -> None:
        _offer(shop, place, branch, number, candidate)

    kept = shop.bench.apply(model, step, tell, offer)
    done: Step = step
    notes = kept.notes
    if kept.search is not None:
        winner = kept.search.winner
        shop.record.end_race(
            branch, number, winner_id=winner.model.key[:12] if winner else place.variant_id,
            reason=kept.search.reason, notes=kept.notes, n_images=kept.search.n_images, seconds=kept.seconds,
            reused=kept.reused,
        )  # fmt: skip
        if winner is None:
            shop.record.write("running")
            return place
        done, notes = winner.settings, (*kept.notes, *winner.notes)
    return _keep(shop, kept.model, notes, kept.seconds, branch=branch, number=number, step=done,
                 parent=place.variant_id, path=(*place.path, done))  # fmt: skip


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
    shop: Shop, model: Model, notes: tuple[Note, ...], seconds: float, *, branch: int, number: int,
    step: Step | None, parent: str | None, path: tuple[Step, ...],
) -> Place:  # fmt: skip
    name = _name(branch, number, step)
    exported = shop.bench.export(model, shop.meter.part(name, "export", UNITS["export"]))
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
    tell = shop.meter.part(name, "score", UNITS["score"])
    if variant.id not in shop.record.predictions:
        shop.record.score(variant.id, _predictions(shop, variant.id, tell), shop.labels)
    shop.record.write("running")
    return Place(model, file, variant.id, path)


def _predictions(shop: Shop, id: str, tell: Tell) -> Predictions:
    """Of a variant that was just kept; one that gives no answers is none, and must not be timed or recommended."""
    try:
        return shop.bench.predict(shop.record.models[id], tell)
    except MeasureError:
        if id != shop.record.baseline.id:
            shop.record.discard(id)
        raise


def label(path: tuple[Step, ...]) -> str:
    """What a variant is called: by the steps that led to it."""
    return " + ".join(step.label for step in path) or "Baseline"


def _name(branch: int, number: int, step: Step | None) -> str:
    return "baseline" if step is None else f"chain {branch + 1}, step {number + 1}: {step.technique}"
