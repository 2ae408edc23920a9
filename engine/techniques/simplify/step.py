"""The step: simplify the graph, compare its outputs with the model's, say in figures what was done."""

import shutil
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto

from engine.context import Outcome, StepContext
from engine.errors import RunError, StepError
from engine.measure.predictions import filled
from engine.models.artifacts import OnnxModel
from engine.models.counts import count_parameters
from engine.models.graph import load_proto, write_metadata
from engine.results import Note, codes
from engine.runtimes import open_session
from engine.settings import Simplify
from engine.store.home import require_room
from engine.techniques.simplify.graph import Done, n_nodes, simplified

IMAGES = 8
TOLERANCE, TOLERANCE_16_BIT = 1e-4, 1e-2
"""Largest difference of a logit, as a share of the largest: what another order of the same sums comes to."""
NUDGE, AMPLIFIED = 1e-5, 10
"""A network that is badly conditioned (random weights are) makes more of it: as much as this many times what so small
a share of brightness does."""


def simplify(model: OnnxModel, settings: Simplify, context: StepContext) -> Outcome:
    """A file that computes the same in fewer nodes; the same bytes, with the note `nothing_to_simplify`, where none
    can be saved. What it made is a fixed point: simplifying it again gives the same bytes.

    Raises StepError where the graph cannot be rewritten, or where its outputs change by more than float noise;
    LimitError where the disk has no room for it.
    """
    require_room(context.folder, 2 * model.path.stat().st_size, "simplifying this model")
    path = context.folder / "model.onnx"
    context.on_progress(0.1, "simplifying the graph")
    before = load_proto(model.path)
    after, done = simplified(before)
    if after is before:
        shutil.copyfile(model.path, path)
        text = f"Nodes: {n_nodes(before)}, and none to save; the file stays as it was"
        return Outcome(model=replace(model, path=path), notes=(Note(code=codes.NOTHING_TO_SIMPLIFY, text=text),))
    write_metadata(after, model.preprocess, model.classes)
    onnx.save(after, path)
    made = replace(model, path=path, parameters=count_parameters(after))
    context.on_progress(0.6, "comparing the outputs")
    halves = any(tensor.data_type == TensorProto.FLOAT16 for tensor in before.graph.initializer)
    compared = _compare(model, made, context, TOLERANCE_16_BIT if halves else TOLERANCE)
    return Outcome(model=made, notes=(*_notes(before, after, done), compared))


def _compare(model: OnnxModel, made: OnnxModel, context: StepContext, tolerance: float) -> Note:
    """The same outputs on one image, and on several together where the batch is free."""
    part = context.data.split("calibration")
    part = part if len(part) else context.data.split("evaluation")
    images = next(part.batches(model.batch or IMAGES))
    worst, allowed = 0.0, tolerance
    for some in (images[:1], images):
        wanted = _logits(model, some, context)
        try:
            given = _logits(made, some, context)
        except RunError as error:
            raise StepError(f"the simplified graph does not run: {error.message}", "Leave simplify out") from error
        worst = max(worst, _difference(given, wanted))
        if worst > allowed:
            nudged = _logits(model, some * np.float32(1 + NUDGE), context)
            allowed = max(allowed, AMPLIFIED * _difference(nudged, wanted))
    if not worst <= allowed:
        raise StepError(
            f"the simplified graph's outputs differ by {worst:.1e} of the largest one, float noise is "
            f"below {allowed:.0e}",
            "Leave simplify out",
        )
    return Note(code="compared", text=f"Largest difference on {len(images)} images: {worst:.1e} of the largest output")


def _logits(model: OnnxModel, images: np.ndarray, context: StepContext) -> np.ndarray:
    with open_session(
        model.path, context.target, input_name=model.input_name, output_name=model.output_name
    ) as session:
        return session(filled(images, model.batch))[: len(images)]


def _difference(given: np.ndarray, wanted: np.ndarray) -> float:
    """The largest, as a share of the largest output; infinite where they are not finite in the same places."""
    finite = np.isfinite(wanted)
    if given.shape != wanted.shape or not np.array_equal(finite, np.isfinite(given)):
        return float("inf")
    scale = float(np.max(np.abs(wanted), where=finite, initial=0.0)) or 1.0
    return float(np.max(np.abs(np.subtract(given, wanted, where=finite, out=np.zeros_like(wanted))))) / scale


def _notes(before: onnx.ModelProto, after: onnx.ModelProto, done: Done) -> tuple[Note, ...]:
    told = {
        "folded": "{} folded into constants",
        "no_ops": "{} without effect removed",
        "fused": "{} fused into others",
        "duplicates": "{} computed twice",
        "unread": "{} that nothing reads",
    }
    parts = [text.format(done[name]) for name, text in told.items() if done[name] > 0]
    text = f"Nodes: {n_nodes(before)} -> {n_nodes(after)}" + (f": {', '.join(parts)}" if parts else "")
    notes = [Note(code="simplified", text=text)]
    if done["pooled"]:
        notes.append(
            Note(
                code="pooled",
                text="Means over height and width that became GlobalAveragePool, which can be "
                f"quantized: {done['pooled']}",
            )
        )
    if done["named"]:
        notes.append(Note(code="named", text=f"Nodes that had no name of their own and got one: {done['named']}"))
    return tuple(notes)
