"""Whether a quantized file answers as its own rounding says, by the outputs of both on a few real examples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from engine.data import Examples, full_batch
from engine.errors import StepError
from engine.results import Note, codes
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line, values_session
from engine.tasks import Inputs
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.fake_quantized import NEXT, fake_quantized
from engine.wording import percent

_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16})
N_EXAMPLES = 2
TOLERANCE = 0.05
"""How far the outputs may be off, as a share of the float graph's, by root mean square: values that lie right between
two integers are rounded to either, and onnxruntime rounds the inputs of weights in blocks to 8 bits as well."""
SHARE = 2.0
"""Where rounding itself changes the outputs, how many times that change they may be off: later layers amplify both.
Measured: docs/log.md, 2026-11-27."""


@dataclass(frozen=True)
class FloatAnswers:
    """What the folded graph answers for `inputs`: an array for each of its outputs `names` that holds floats."""

    inputs: Inputs
    names: tuple[str, ...]
    outputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Deviation:
    """How far a file is from its own rounding, and what that rounding changes, as shares of the float outputs."""

    error: float
    noise: float

    @property
    def allowed(self) -> float:
        return max(TOLERANCE, SHARE * self.noise)

    @property
    def is_rounding(self) -> bool:
        return self.error <= self.allowed


def float_answers(folded: Path, inputs: Inputs) -> FloatAnswers:
    """The answers of the folded graph. Raises StepError where onnxruntime cannot run it."""
    graph = onnx.load(folded, load_external_data=False).graph
    names = tuple(value.name for value in graph.output if value.type.tensor_type.elem_type in _FLOATS)
    with as_step_error("onnxruntime cannot run this model as it is prepared for quantization"):
        outputs = values_session(folded, names, log="fatal")(inputs) if names else []
    return FloatAnswers(inputs, names, tuple(outputs))


def check_answers(
    folded: onnx.ModelProto, quantized: Path, answers: FloatAnswers, threads: int | None, *, saturates: bool = False
) -> tuple[Note, ...]:
    """Nothing where the file answers as its rounding says; a note where that could not be computed.

    Where sums of its products may overflow (`saturates`), a note of that in place of an error. Raises StepError (code
    miscomputed) where the file is further off than rounding explains: an error of ours or of onnxruntime, which no
    figure of accuracy should hide.
    """
    reference = fake_quantized(folded, onnx.load(quantized))
    try:
        deviation = measure_deviation(reference, quantized, answers, threads)
    except ORT_ERRORS as error:
        return _not_compared(f"could not be computed: {first_line(error)}")
    if deviation is None:
        return _not_compared(
            "cannot be told: none of its outputs holds floats that are finite, in a shape that values do not change"
        )
    if deviation.is_rounding:
        return ()
    amount = f"{percent(deviation.error, 1)} of their size, where rounding explains {percent(deviation.allowed, 1)}"
    if saturates:
        text = (
            f"The outputs are off by {amount}: on this CPU without VNNI sums of full 8-bit products overflow; 7-bit "
            "weights prevent that"
        )
        return (Note(code=codes.SATURATES, text=text),)
    raise StepError(
        f"the quantized file does not answer as its own 8-bit values say: its outputs are off by {amount}. This is an "
        "error of the quantization, not accuracy lost",
        NEXT,
        code=codes.MISCOMPUTED,
    )


def _not_compared(reason: str) -> tuple[Note, ...]:
    return (Note(code="not_compared", text=f"Whether the file answers as its rounding says {reason}"),)


def check_on(part: Examples, batch: int | None, folded: Path, quantized: Path, threads: int | None) -> tuple[Note, ...]:
    """As `check_answers`, on the first of the examples, `batch` of them where a call takes no other number."""
    answers = float_answers(folded, full_batch(part, batch or N_EXAMPLES))
    return check_answers(onnx.load(folded), quantized, answers, threads)


def measure_deviation(
    reference: onnx.ModelProto, quantized: Path, answers: FloatAnswers, threads: int | None
) -> Deviation | None:
    """The deviation of the worst output; the reference runs node by node as it is written.

    None where no output can be compared: whether one is finite is for whoever measures the file to say, and the number
    of a detector's boxes may change with rounding. Raises one of ORT_ERRORS.
    """
    if not answers.names:
        return None
    values = values_session(reference.SerializeToString(), answers.names, optimised=False, threads=threads, log="fatal")
    expected = values(answers.inputs)
    found = values_session(quantized, answers.names, threads=threads, log="fatal")(answers.inputs)
    deviations = (
        Deviation(_share(own - right, outputs), _share(right - outputs, outputs))
        for own, right, outputs in zip(found, expected, answers.outputs, strict=True)
        if own.shape == right.shape == outputs.shape and np.isfinite(right).all()
    )
    return max(deviations, key=lambda one: one.error / one.allowed, default=None)


def _share(difference: np.ndarray, outputs: np.ndarray) -> float:
    """The root mean square of a difference as a share of that of the outputs; infinite where it is not finite."""
    if not np.isfinite(difference).all():
        return float("inf")
    return float(np.linalg.norm(difference) / (np.linalg.norm(outputs) or 1.0))
