"""The step: finds the values that do not fit 16 bits, converts the rest, and compares the outputs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx

from engine.context import Outcome, StepContext
from engine.data import ArrayPart, Part
from engine.errors import MeasureError, RunError, StepError
from engine.measure.predictions import predict
from engine.measure.quality import fidelity
from engine.models.artifacts import OnnxModel
from engine.models.graph import load_proto, write_metadata
from engine.models.nodes import name_nodes
from engine.models.number_format import n_short
from engine.results import Note
from engine.runtimes import RUNTIMES
from engine.settings import Float16
from engine.store.home import require_room
from engine.tasks import Inputs, resized
from engine.techniques.float16.convert import check_convertible, convert
from engine.techniques.float16.ranges import LARGEST, overflowing, touching
from engine.wording import many

IMAGES = 16
_MAX_NAMES = 3


def float16(model: OnnxModel, settings: Float16, context: StepContext) -> Outcome:
    """A file in 16-bit floats; nodes that make or read numbers too large for these stay in 32 bits.

    Raises StepError where the model is quantized or in 16 bits already, where nothing of it fits, or where its outputs
    are not finite afterwards; LimitError where the disk has no room for it.
    """
    proto = load_proto(model.path)
    check_convertible(proto)
    require_room(context.folder, model.path.stat().st_size, "converting this model")
    name_nodes(proto.graph)
    part = context.data.unreported
    examples = part.span(0, min(IMAGES, len(part)))
    context.on_progress(0.1, "looking for numbers that 16 bits cannot hold")
    large = overflowing(proto, _batches(model, examples))
    large_outputs = {name: large[name] for name in model.output_names if large.get(name, 0.0) > LARGEST}
    if not settings.keep_io_types and large_outputs:
        raise StepError(
            _range_text(large_outputs),
            "Keep the input and the output in 32-bit floats (keep_io_types)",
        )
    in_float = touching(proto, large)
    context.on_progress(0.5, "converting to 16-bit floats")
    converted = replace(model, path=context.folder / "model.onnx")
    _write(convert(proto, settings.keep_io_types, in_float), converted, large)
    context.on_progress(0.7, "comparing the outputs")
    notes = [_compare(model, converted, examples, context, large)]
    if large:
        text = f"Nodes that stay in 32 bits: {len(in_float)}; {_range_text(large)}"
        notes.append(Note(code="float16_kept", text=text))
    if text := RUNTIMES[context.target.runtime].float16_note(context.target.provider):
        notes.append(Note(code="float16_cast_back", text=text))
    return Outcome(model=converted, notes=tuple(notes))


def _write(proto: onnx.ModelProto, converted: OnnxModel, large: dict[str, float]) -> None:
    """Writes the file. Raises StepError where nothing in it is in 16 bits."""
    if not n_short(proto):
        raise StepError(
            f"nothing of the model fits 16-bit floats: {_range_text(large)}"
            if large
            else "the model has no weights in 32-bit floats to convert",
            "Leave float16 out",
        )
    write_metadata(proto, converted.preprocess, converted.classes)
    onnx.save(proto, converted.path)


def _batches(model: OnnxModel, part: Part | ArrayPart) -> Iterator[Inputs]:
    size = model.batch or 1
    for inputs in part.batches(size):
        yield resized(inputs, size)


def _compare(
    model: OnnxModel, converted: OnnxModel, part: Part | ArrayPart, context: StepContext, large: dict[str, float]
) -> Note:
    reference = predict(model, part, context.target).answers
    try:
        answers = predict(converted, part, context.target).answers
    except MeasureError as error:
        which = f" ({_range_text(large)})" if large else ""
        raise StepError(f"in 16-bit floats the model's outputs are not finite{which}", "Leave float16 out") from error
    except RunError as error:
        raise StepError(f"the model in 16-bit floats does not run: {error.message}", "Leave float16 out") from error
    ratio = fidelity(model.task, answers, reference).sqnr_db
    largest = max(float(np.abs(values - reference.outputs[name]).max()) for name, values in answers.outputs.items())
    closeness = f", {ratio:.1f} dB of FP32" if ratio is not None else ""
    return Note(
        code="float16",
        text=f"{n_short(onnx.load(converted.path))} tensors in 16-bit floats; largest difference of "
        f"an output on {many(len(part), 'example')}: {largest:.2g}{closeness}",
    )


def _range_text(large: dict[str, float]) -> str:
    worst = sorted(large, key=lambda name: -large[name])
    examples = ", ".join(f"'{name[:80]}' reaches {large[name]:.3g}" for name in worst[:_MAX_NAMES])
    more = f" and {len(worst) - _MAX_NAMES} more" if len(worst) > _MAX_NAMES else ""
    return f"{examples}{more}; 16 bits hold up to {LARGEST:.0f}, of which half is kept free for other images"
