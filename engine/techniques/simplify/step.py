"""The step: simplifies the graph, compares its outputs with the model's, and counts what was done."""

import shutil
from dataclasses import replace

import onnx
from onnx import TensorProto

from engine.context import Outcome, StepContext
from engine.data.parts import first_batch
from engine.errors import RunError, StepError
from engine.measure.output_difference import TOLERANCE, compare_outputs
from engine.models.artifacts import OnnxModel
from engine.models.counts import count_parameters
from engine.models.graph import load_proto, write_metadata
from engine.results import Note, codes
from engine.runtimes import exact_target
from engine.settings import Simplify
from engine.store.home import require_room
from engine.tasks import n_examples
from engine.techniques.simplify.graph import NodeCounts, n_nodes, simplified
from engine.wording import many

IMAGES = 8
TOLERANCE_16_BIT = 1e-2
"""As TOLERANCE, for graphs in 16-bit floats."""


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
    after, counts = simplified(before)
    if after is before:
        shutil.copyfile(model.path, path)
        text = f"Nodes: {n_nodes(before)}, and none to save; the file stays as it was"
        return Outcome(model=replace(model, path=path), notes=(Note(code=codes.NOTHING_TO_SIMPLIFY, text=text),))
    write_metadata(after, model.preprocess, model.classes)
    onnx.save(after, path)
    simplified_model = replace(model, path=path, parameters=count_parameters(after))
    context.on_progress(0.6, "comparing the outputs")
    halves = any(tensor.data_type == TensorProto.FLOAT16 for tensor in before.graph.initializer)
    compared = _compare(model, simplified_model, context, TOLERANCE_16_BIT if halves else TOLERANCE)
    return Outcome(model=simplified_model, notes=(*_notes(before, after, counts), compared))


def _compare(model: OnnxModel, simplified_model: OnnxModel, context: StepContext, tolerance: float) -> Note:
    """A note of the largest difference between the two models' outputs, on one image and on several together.

    Raises StepError where it is larger than float noise.
    """
    inputs = first_batch(context.data.unreported, model.batch or IMAGES)
    try:
        difference = compare_outputs(model, simplified_model.path, inputs, exact_target(context.target), tolerance)
    except RunError as error:
        raise StepError(f"the simplified graph does not run: {error.message}", "Leave simplify out") from error
    if not difference.is_rounding:
        raise StepError(
            f"the simplified graph's outputs differ by {difference.worst:.1e} of the largest one, float noise is "
            f"below {difference.allowed:.0e}",
            "Leave simplify out",
        )
    text = f"Largest difference on {many(n_examples(inputs), 'example')}: {difference.worst:.1e} of the largest output"
    return Note(code="compared", text=text)


def _notes(before: onnx.ModelProto, after: onnx.ModelProto, counts: NodeCounts) -> tuple[Note, ...]:
    texts = {
        "folded": "{} folded into constants",
        "no_ops": "{} without effect removed",
        "fused": "{} fused into others",
        "duplicates": "{} computed twice",
        "unread": "{} that nothing reads",
    }
    parts = [text.format(counts[name]) for name, text in texts.items() if counts[name] > 0]
    text = f"Nodes: {n_nodes(before)} -> {n_nodes(after)}" + (f": {', '.join(parts)}" if parts else "")
    notes = [Note(code="simplified", text=text)]
    if counts["pooled"]:
        notes.append(
            Note(
                code="pooled",
                text="Means over height and width that became GlobalAveragePool, which can be "
                f"quantized: {counts['pooled']}",
            )
        )
    if counts["named"]:
        notes.append(Note(code="named", text=f"Nodes that had no name of their own and got one: {counts['named']}"))
    return tuple(notes)
