"""Static INT8 in QDQ format, through onnxruntime's quantizer, with types that suit this machine's instructions."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from engine.errors import StepError
from engine.measure.predictions import filled
from engine.models.artifacts import OnnxModel
from engine.models.graph import QUANTIZED_OPERATORS, write_metadata
from engine.results import Note
from engine.runtimes.onnx_runtime import ORT_ERRORS, first_line
from engine.settings import QuantizeStatic
from engine.store.home import require_room
from engine.techniques.context import Context, Outcome

VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
FILES_AT_ONCE = 4
"""The folded model, the one that calibration watches, and their parts, each about as large as the model."""
HEAVY_OPERATORS = frozenset({"Conv", "Gemm", "MatMul"})


@dataclass(frozen=True)
class Scheme:
    """Types of the quantized graph and why these."""

    activations: QuantType
    reduce_range: bool
    note: Note


def quantize(model: OnnxModel, settings: QuantizeStatic, context: Context) -> Outcome:
    """An INT8 file with ranges from images of the calibration split.

    Raises StepError where the model has nothing to quantize or is quantized already, or where there are no
    calibration images, and LimitError where the disk has no room for it.
    """
    _check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    images = context.data.split("calibration")
    if len(images) == 0:
        raise StepError("static quantization needs calibration images, and there are none", "Raise split.calibration")
    n_images = min(settings.calibration_images, len(images))
    scheme = choose_scheme(settings, context.isa)
    batches = images.batches(model.batch or 1, limit=n_images)
    reader = Images(model.input_name, (filled(batch, model.batch) for batch in batches))
    path = context.folder / "model.onnx"
    with tempfile.TemporaryDirectory() as work:
        folded = Path(work) / "folded.onnx"
        try:
            context.tell(0.05, "folding constants and batch norms")
            quant_pre_process(str(model.path), str(folded), skip_symbolic_shape=True)
            context.tell(0.2, f"calibrating on {n_images} images")
            quantize_static(
                str(folded),
                str(path),
                reader,
                quant_format=QuantFormat.QDQ,
                per_channel=settings.per_channel,
                reduce_range=scheme.reduce_range,
                activation_type=scheme.activations,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        except ORT_ERRORS as error:
            raise StepError(f"onnxruntime's quantizer cannot handle this model: {first_line(error)}",
                            "Leave quantization out, or export the model again") from error  # fmt: skip
    proto = onnx.load(path)
    write_metadata(proto, model.preprocess, model.classes)
    onnx.save(proto, path)
    return Outcome(model=replace(model, path=path), notes=(scheme.note, *_calibration_notes(n_images, settings)))


class Images(CalibrationDataReader):  # type: ignore[misc]
    """Feeds one batch at a time, so that memory does not grow with the number of images."""

    def __init__(self, input_name: str, batches: Iterator[np.ndarray]) -> None:
        self.input_name = input_name
        self.batches = batches

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch by input name, None at the end."""
        images = next(self.batches, None)
        return None if images is None else {self.input_name: images}


def choose_scheme(settings: QuantizeStatic, isa: tuple[str, ...]) -> Scheme:
    """Activation type and weight range for a CPU with these instructions.

    On x86 the fast kernels take unsigned activations, and without VNNI their sums saturate unless weights keep to 7
    bits; elsewhere symmetric bytes are preferred: see "Choosing parameters for CPU inference" in
    onnxruntime.quantization.quantize_static. What the settings say goes before that.
    """
    x86 = any(name.startswith(("sse", "avx")) for name in isa)
    vnni = bool(VNNI & set(isa))
    signed = settings.activations == "signed" or (settings.activations == "auto" and not x86)
    reduce_range = settings.reduce_range if settings.reduce_range is not None else x86 and not vnni and not signed
    chosen = f"{'signed' if signed else 'unsigned'} activations, {'7' if reduce_range else '8'}-bit weights"
    return Scheme(
        QuantType.QInt8 if signed else QuantType.QUInt8,
        reduce_range,
        Note(code="quantization_scheme", text=f"INT8 with {chosen}: {_why(settings, x86, vnni)}"),
    )


def _why(settings: QuantizeStatic, x86: bool, vnni: bool) -> str:
    given = [
        name
        for name, value in (("activations", settings.activations), ("reduce_range", settings.reduce_range))
        if value not in ("auto", None)
    ]
    if given:
        return f"{' and '.join(given)} as set in the recipe"
    if vnni:
        return "this CPU has VNNI, which multiplies unsigned by signed bytes without saturation"
    if x86:
        return "this CPU has no VNNI, where full 8-bit products can saturate"
    return "this CPU is no x86, where symmetric signed bytes have the fast kernels"


def _check_quantizable(model: OnnxModel) -> None:
    operators = {node.op_type for node in onnx.load(model.path, load_external_data=False).graph.node}
    if operators & QUANTIZED_OPERATORS:
        raise StepError("the model is quantized already", "Start from its FP32 file")
    if not operators & HEAVY_OPERATORS:
        raise StepError("the model has no Conv, Gemm or MatMul, so there is nothing to quantize",
                        "Leave quantization out")  # fmt: skip


def _calibration_notes(n_images: int, settings: QuantizeStatic) -> tuple[Note, ...]:
    if n_images >= settings.calibration_images:
        return (Note(code="calibration", text=f"Ranges from {n_images} images of the calibration split"),)
    return (Note(code="fewer_calibration_images",
                 text=f"Ranges from {n_images} images, all that the calibration split has; "
                      f"{settings.calibration_images} were asked for"),)  # fmt: skip
