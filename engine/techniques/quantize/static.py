"""Static INT8 in QDQ format, through onnxruntime's quantizer, with types that suit this machine's instructions."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from engine.context import Outcome, StepContext
from engine.data import ArrayPart, Part
from engine.errors import StepError
from engine.measure.predictions import predict
from engine.measure.quality import sqnr_db
from engine.models.artifacts import OnnxModel
from engine.models.graph import write_metadata
from engine.results import Note, codes
from engine.settings import QuantizeStatic, Target
from engine.store.home import require_room
from engine.system.machine import is_x86
from engine.tasks import Answers
from engine.techniques.quantize.bias import correct_biases
from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.compare import check_answers
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.few_images import with_crops_of_few
from engine.techniques.quantize.float_layers import shield_float_layers
from engine.techniques.quantize.float_nodes import note_of, reasons
from engine.techniques.quantize.prepare import (
    check_quantizable,
    first_heavy,
    fold,
    nodes_named,
    operators_named,
    quietly,
    saturates,
)
from engine.techniques.quantize.swish import aligned_ranges, fuse_silu, integer_hard_sigmoids
from engine.wording import many

FILES_AT_ONCE = 5
"""The folded model, the one that calibration watches, and their parts, each about as large as the model."""
JUDGES = 16
"""Images that judge the bias correction, and set no range."""


@dataclass(frozen=True)
class Scheme:
    """Types of the quantized graph, and the note that gives the reason."""

    activations: QuantType
    reduce_range: bool
    note: Note


@dataclass(frozen=True)
class JudgeSet:
    """Examples that set no range, and the float model's answers on them: they judge what was built."""

    part: Part | ArrayPart
    answers: Answers


def quantize_static(model: OnnxModel, settings: QuantizeStatic, context: StepContext) -> Outcome:
    """An INT8 file with ranges from images of the calibration split, and from crops of them where there are few.

    Raises StepError where the model has nothing to quantize or is quantized already, where a setting names a node or
    operator that the graph does not have, where an activation is not finite, or where there are no calibration images;
    LimitError where the disk has no room for it.
    """
    check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    images = context.data.split("calibration")
    if len(images) == 0:
        raise StepError(
            "static quantization needs calibration images, and there are none",
            "Raise the share of images for calibration (split.calibration)",
        )
    n_judges = min(JUDGES, len(images) // 4) if settings.bias_correction else 0
    n_images = min(settings.calibration_images, len(images) - n_judges)
    judges = images.span(n_images, n_images + n_judges)
    judge_set = JudgeSet(judges, predict(model, judges, context.target).answers) if n_judges else None
    path = context.folder / "model.onnx"
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        context.on_progress(0.0, "folding constants and batch norms")
        folded = fold(model, Path(work), images)
        range_images, crop_notes = with_crops_of_few(images.span(0, n_images), settings.calibration_images, context)
        calibrator = Calibrator(
            model,
            folded,
            range_images,
            len(range_images),
            Path(work),
            context.on_progress,
            batch_size=context.target.batch_size,
        )
        notes = build_static(calibrator, settings, context.isa, path, judge_set, context.target)
    calibration_note = _calibration_note(images.noun, n_images, n_judges, settings)
    return Outcome(model=replace(model, path=path), notes=(*notes, *crop_notes, calibration_note))


def build_static(
    calibrator: Calibrator,
    settings: QuantizeStatic,
    isa: tuple[str, ...],
    path: Path,
    judge_set: JudgeSet | None,
    target: Target,
) -> tuple[Note, ...]:
    """Writes the INT8 file to `path`; `judge_set` judges the bias correction, which is left out where it is None.

    The file is compared with its own rounding before its biases are corrected. Raises StepError as `quantize_static`
    does, and (code miscomputed) where it answers otherwise than that rounding says.
    """
    scheme = choose_scheme(settings, isa)
    folded = calibrator.proto()
    with as_step_error("onnxruntime's quantizer cannot handle this model", folded):
        operators = operators_named(settings.operators, folded)
        layers = first_heavy(folded, settings.float_first)
        floats = [*layers, *nodes_named(settings.float_nodes, folded, calibrator.model)]
        float_reasons = reasons(folded, calibrator.ranges(settings.calibration).keys(), operators)
        for name in floats:
            float_reasons.pop(name, None)
        if settings.fused_swish:
            fuse_silu(folded)
        quantized = _quantize(folded, calibrator, settings, scheme, [*floats, *float_reasons], operators)
        _save(quantized, calibrator.model, path)
        unsure = check_answers(
            folded,
            path,
            calibrator.float_answers,
            target.threads,
            saturates=saturates(isa) and scheme.activations == QuantType.QUInt8 and not scheme.reduce_range,
        )
        notes = (scheme.note, *note_of(float_reasons, folded), *unsure)
        if judge_set is None or not settings.bias_correction:
            return notes
        return *notes, _correct(quantized, calibrator, path, judge_set, target)


def _quantize(
    folded: onnx.ModelProto,
    calibrator: Calibrator,
    settings: QuantizeStatic,
    scheme: Scheme,
    floats: list[str],
    operators: list[str],
) -> onnx.ModelProto:
    """The folded graph in INT8 but for the nodes named in `floats`, and for those that are unknown to the quantizer."""
    graph = onnx.ModelProto()
    graph.CopyFrom(folded)  # the quantizer changes what it is given
    ranges = calibrator.ranges(settings.calibration)
    quantizer = QDQQuantizer(
        graph,
        settings.per_channel,
        scheme.reduce_range,
        QuantType.QInt8,
        scheme.activations,
        aligned_ranges(folded, ranges) if settings.fused_swish else ranges,
        [],
        floats,
        operators,
        {},
    )
    with quietly():
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    quantized: onnx.ModelProto = quantizer.model.model
    if settings.fused_swish:
        integer_hard_sigmoids(quantized)
    shield_float_layers(quantized)
    return quantized


def _correct(
    quantized: onnx.ModelProto, calibrator: Calibrator, path: Path, judge_set: JudgeSet, target: Target
) -> Note:
    """Corrects the biases of the file at `path` where the held-back images show that this brings its outputs closer."""
    corrected = path.with_suffix(".corrected.onnx")
    n_layers = correct_biases(quantized, calibrator.proto(), calibrator.means())
    if n_layers == 0:
        return Note(code="bias_not_corrected", text="No layer in INT8 has a bias that could take up its weights' error")
    _save(quantized, calibrator.model, corrected)
    before, after = (
        sqnr_db(predict(replace(calibrator.model, path=file), judge_set.part, target).logits, judge_set.answers.main)
        for file in (path, corrected)
    )
    judges = many(len(judge_set.part), f"held-back {judge_set.part.noun}")
    if before is None or after is None or after <= before:
        corrected.unlink()
        return Note(
            code="bias_not_corrected",
            text=f"Bias correction did not help on {judges} and was left out",
        )
    corrected.replace(path)
    return Note(
        code="bias_corrected",
        text=f"Bias correction of {many(n_layers, 'layer')} took the mean error out of the weights: {before:.1f} dB "
        f"became {after:.1f} dB on {judges}",
    )


def _save(proto: onnx.ModelProto, model: OnnxModel, path: Path) -> None:
    write_metadata(proto, model.preprocess, model.classes)
    onnx.save(proto, path)


def choose_scheme(settings: QuantizeStatic, isa: tuple[str, ...]) -> Scheme:
    """Activation type and weight range for a CPU with these instructions.

    On x86 the fast kernels take unsigned activations, and without VNNI their sums saturate unless weights keep to 7
    bits; elsewhere symmetric bytes are preferred: see "Choosing parameters for CPU inference" in
    onnxruntime.quantization.quantize_static. Settings that are not auto take precedence.
    """
    x86 = is_x86(isa)
    signed = settings.activations == "signed" or (settings.activations == "auto" and not x86)
    reduce_range = settings.reduce_range if settings.reduce_range is not None else saturates(isa) and not signed
    types = f"{'signed' if signed else 'unsigned'} activations, {'7' if reduce_range else '8'}-bit weights"
    return Scheme(
        QuantType.QInt8 if signed else QuantType.QUInt8,
        reduce_range,
        Note(code="quantization_scheme", text=f"INT8 with {types}: {_why(settings, x86, saturates(isa))}"),
    )


def _why(settings: QuantizeStatic, x86: bool, saturating: bool) -> str:
    overrides = [
        name
        for name, value in (("activations", settings.activations), ("reduce_range", settings.reduce_range))
        if value not in ("auto", None)
    ]
    if overrides:
        return f"{' and '.join(overrides)} as set in the recipe"
    if x86 and not saturating:
        return "this CPU has VNNI, which multiplies unsigned by signed bytes without saturation"
    if x86:
        return "this CPU has no VNNI, where full 8-bit products can saturate"
    return "this CPU is no x86, where symmetric signed bytes have the fast kernels"


def _calibration_note(noun: str, n_images: int, n_judges: int, settings: QuantizeStatic) -> Note:
    text = f"{many(n_images, noun)} of the calibration split set the ranges"
    others = f"{many(n_judges, 'other')} judged the bias correction"
    summary = f"{text}, {others}" if n_judges else text
    if n_images >= settings.calibration_images:
        return Note(code=codes.CALIBRATION, text=summary)
    shortage = f"{summary}; {settings.calibration_images} were asked for, and the split has no more"
    return Note(code=codes.FEWER_CALIBRATION_IMAGES, text=shortage)
