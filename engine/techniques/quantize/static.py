"""Static INT8 in QDQ format, through onnxruntime's quantizer, with types that suit this machine's instructions."""

import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from engine.context import Outcome, ProgressCallback, StepContext, no_progress
from engine.data import ArrayPart, Part
from engine.errors import StepError
from engine.measure.predictions import predict
from engine.measure.quality import sqnr_db
from engine.models.artifacts import OnnxModel
from engine.models.graph import write_metadata
from engine.results import Note, codes
from engine.settings import QuantizeStatic, Target
from engine.store.home import require_room
from engine.tasks import Answers
from engine.techniques.quantize.bias import correct_biases
from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.compare import check_answers
from engine.techniques.quantize.equalize import equalizable
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.few_images import with_crops_of_few
from engine.techniques.quantize.float_layers import shield_float_layers
from engine.techniques.quantize.float_nodes import note_of, reasons
from engine.techniques.quantize.learnt import HELD_BACK, learn_rounding
from engine.techniques.quantize.nncf import nncf_model
from engine.techniques.quantize.prepare import (
    check_quantizable,
    first_heavy,
    fold,
    nodes_named,
    operators_named,
    quietly,
    saturates,
)
from engine.techniques.quantize.scheme import Scheme, choose_scheme
from engine.techniques.quantize.swish import aligned_ranges, fuse_silu, integer_hard_sigmoids
from engine.techniques.quantize.unrounded import read_unrounded
from engine.wording import many

FILES_AT_ONCE = 6
"""The folded model, the equalized one, the one that is watched, and their parts, each about as large as the model."""
JUDGES = 16
"""Images that judge the bias correction and learnt rounding, and set no range."""
LEARNING_IMAGES = 64
"""Calibration images that rounding is learnt from, at the most."""
LEARNING_START = 0.5
"""The share of the progress after which rounding is learnt."""


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
    by_nncf = settings.quantizer != "onnxruntime"
    needs_judges = (settings.bias_correction or settings.rounding == "learnt") and not by_nncf
    n_judges = min(JUDGES, len(images) // 4) if needs_judges else 0
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
        notes = build_static(
            calibrator,
            settings,
            context.isa,
            path,
            judge_set,
            context.target,
            deadline=context.deadline,
            on_progress=context.on_progress,
        )
    calibration_note = _calibration_note(images.noun, n_images, n_judges, settings)
    return Outcome(
        model=replace(model, path=path),
        notes=(*notes, *crop_notes, calibration_note),
        complete=settings.rounding == "nearest" or time.monotonic() < context.deadline,
    )


def build_static(
    calibrator: Calibrator,
    settings: QuantizeStatic,
    isa: tuple[str, ...],
    path: Path,
    judge_set: JudgeSet | None,
    target: Target,
    *,
    deadline: float = math.inf,
    on_progress: ProgressCallback = no_progress,
) -> tuple[Note, ...]:
    """Writes the INT8 file to `path`; `judge_set` judges the bias correction, which is left out where it is None, and
    learnt rounding.

    The file is compared with its own rounding before its biases are corrected and its rounding is learnt. Learning ends
    at the deadline, in seconds of time.monotonic(), and reports from LEARNING_START on. Raises StepError as
    `quantize_static` does, and (code miscomputed) where the file answers otherwise than its rounding says.
    """
    if settings.quantizer != "onnxruntime":
        quantized, note = nncf_model(calibrator, settings)
        _save(quantized, calibrator.model, path)
        return (note,)
    scheme = choose_scheme(settings, isa)
    equalization_notes = []
    if settings.cross_layer_equalization:
        equalization_notes.append(_equalization_note(calibrator))
        calibrator = calibrator.equalized
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
            saturates=saturates(isa) and not scheme.reduce_range,
        )
        notes = [scheme.note, *equalization_notes, *note_of(float_reasons, folded), *unsure]
        if judge_set is not None and settings.bias_correction:
            notes.append(_correct(quantized, calibrator, path, judge_set, target))
        if settings.rounding == "learnt":
            notes.append(_learn(calibrator, path, judge_set, target, scheme.widest, deadline, on_progress))
    return tuple(notes)


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
    read_unrounded(quantized, folded, lambda node: node.op_type in operators and node.name not in floats)
    return quantized


def _equalization_note(calibrator: Calibrator) -> Note:
    n_pairs = len(equalizable(calibrator.proto()))
    if n_pairs == 0:
        text = "No two convolutions follow each other, at most with a ReLU between them: nothing was equalized"
        return Note(code="nothing_to_equalize", text=text)
    return Note(
        code="channels_equalized",
        text=f"The channels of {many(n_pairs, 'pair')} of layers were given like ranges, at the same function",
    )


def _correct(
    quantized: onnx.ModelProto, calibrator: Calibrator, path: Path, judge_set: JudgeSet, target: Target
) -> Note:
    """Corrects the biases of the file at `path` where the held-back images show that this brings its outputs closer."""
    corrected = path.with_suffix(".corrected.onnx")
    n_layers = correct_biases(quantized, calibrator.proto(), calibrator.means())
    if n_layers == 0:
        return Note(code="bias_not_corrected", text="No layer in INT8 has a bias that could take up its weights' error")
    _save(quantized, calibrator.model, corrected)
    gain = _keep_closer(corrected, path, calibrator, judge_set, target)
    if gain is None:
        return Note(
            code="bias_not_corrected",
            text=f"Bias correction did not help on {_judges(judge_set)} and was left out",
        )
    return Note(
        code="bias_corrected",
        text=f"Bias correction of {many(n_layers, 'layer')} took the mean error out of the weights: {gain}",
    )


def _learn(
    calibrator: Calibrator,
    path: Path,
    judge_set: JudgeSet | None,
    target: Target,
    widest: int,
    deadline: float,
    on_progress: ProgressCallback,
) -> Note:
    """Learns the rounding of the file at `path`, where judges, if there are any, find its outputs closer after it."""
    quantized, learnt = onnx.load(path), path.with_suffix(".learnt.onnx")

    def on_layer(done: int, total: int) -> None:
        share = LEARNING_START + (1 - LEARNING_START) * done / total
        on_progress(share, f"learning the rounding: layer {done + 1} of {total}")

    n_images = min(LEARNING_IMAGES, calibrator.n_images)
    result = learn_rounding(
        quantized,
        calibrator.proto(),
        lambda: calibrator.batches(n_images),
        calibrator.n_calls(n_images),
        limit=widest,
        deadline=deadline,
        on_layer=on_layer,
    )
    if result.n_learnt == 0:
        if result.n_layers == 0:
            why = "no layer in INT8 has a form that can be learnt"
        elif n_images < HELD_BACK:
            why = f"that takes {HELD_BACK} {calibrator.noun}s at the least, and there are {n_images}"
        else:
            why = "the time was up"
        return Note(code=codes.ROUNDING_NOT_LEARNT, text=f"The rounding of weights was not learnt: {why}")
    _save(quantized, calibrator.model, learnt)
    of = many(n_images, "calibration example" if calibrator.model.preprocess is None else "calibration image")
    text = (
        f"The rounding of {result.n_learnt} of {many(result.n_layers, 'layer')} was learnt from FP32's outputs on {of}"
    )
    if judge_set is None:
        learnt.replace(path)
        return Note(code=codes.ROUNDING_LEARNT, text=text)
    gain = _keep_closer(learnt, path, calibrator, judge_set, target)
    if gain is None:
        text = f"Learnt rounding did not help on {_judges(judge_set)} and was left out"
        return Note(code=codes.ROUNDING_NOT_LEARNT, text=text)
    return Note(code=codes.ROUNDING_LEARNT, text=f"{text}: {gain}")


def _keep_closer(changed: Path, path: Path, calibrator: Calibrator, judge_set: JudgeSet, target: Target) -> str | None:
    """Replaces the file at `path` by `changed` where its outputs are closer to FP32's, and says by how much.

    None where they are not; then `changed` is removed.
    """
    before, after = (
        sqnr_db(predict(replace(calibrator.model, path=file), judge_set.part, target).logits, judge_set.answers.main)
        for file in (path, changed)
    )
    if before is None or after is None or after <= before:
        changed.unlink()
        return None
    changed.replace(path)
    return f"{before:.1f} dB became {after:.1f} dB on {_judges(judge_set)}"


def _judges(judge_set: JudgeSet) -> str:
    return many(len(judge_set.part), f"held-back {judge_set.part.noun}")


def _save(proto: onnx.ModelProto, model: OnnxModel, path: Path) -> None:
    write_metadata(proto, model.preprocess, model.classes)
    onnx.save(proto, path)


def _calibration_note(noun: str, n_images: int, n_judges: int, settings: QuantizeStatic) -> Note:
    text = f"{many(n_images, noun)} of the calibration split set the ranges"
    others = f"{many(n_judges, 'other')} judged the bias correction"
    summary = f"{text}, {others}" if n_judges else text
    if n_images >= settings.calibration_images:
        return Note(code=codes.CALIBRATION, text=summary)
    shortage = f"{summary}; {settings.calibration_images} were asked for, and the split has no more"
    return Note(code=codes.FEWER_CALIBRATION_IMAGES, text=shortage)
