"""The step: builds the static file, trains its graph as a torch network, and writes the trained values back."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from engine.context import Outcome, image_preprocess
from engine.data import Part
from engine.errors import StepError
from engine.measure.predictions import USUAL_BATCH, predict
from engine.measure.quality import agreement
from engine.models.artifacts import OnnxModel
from engine.models.traits import traits_of
from engine.planning.applicability import qat_input_refusal
from engine.results import Note, codes
from engine.runtimes import open_session
from engine.settings import Qat, QuantizeStatic, Target
from engine.store.home import require_room
from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.failures import as_step_error
from engine.techniques.quantize.few_images import with_crops_of_few
from engine.techniques.quantize.prepare import check_quantizable, fold
from engine.techniques.quantize.qat.network import Network
from engine.techniques.quantize.qat.operators import tensor_of
from engine.techniques.quantize.qat.writing import write_back
from engine.techniques.quantize.scheme import choose_scheme
from engine.techniques.quantize.static import FILES_AT_ONCE, build_static
from engine.training.batches import PLAIN, Views
from engine.training.context import TrainingContext
from engine.training.curve import Fit, Point
from engine.training.loop import fit
from engine.training.objectives import Answers, Labels
from engine.training.teacher import teacher_session
from engine.training.teacher_answers import ShareCallback, answer_all, live_answers
from engine.wording import percent

MAX_VIEWS = 4
"""Views of each image that the FP32 model answers once; more epochs use them again in turn."""
TRAINING_START = 0.5
"""The share of the progress after which training begins."""
TOLERANCE = 1e-3
"""How far torch may be from onnxruntime on the float graph, as a share of the largest logit."""
MAX_AGREEMENT_LOSS = 0.1
"""How much lower the file's agreement with FP32 may be than the trained network's, as a share of the images."""


def qat(model: OnnxModel, settings: Qat, context: TrainingContext) -> Outcome:
    """A static INT8 file whose weights, biases and scales are trained on the float model's logits and on the labels.

    Raises StepError as `quantize_static` does, where there are no train images, where torch cannot compute the graph
    as onnxruntime does, or where the loss is not finite; LimitError where the disk has no room.
    """
    check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    _check_inputs(model, context)
    images = _calibration(settings, context)
    quantized = replace(model, path=context.folder / "model.onnx")
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        network, scheme = _quantize(model, images, settings, context, quantized.path, Path(work))
        reference, before = (predict(one, images, context.target).logits for one in (model, quantized))
        result = _train(network, model, settings, context)
    proto = onnx.load(quantized.path)
    write_back(network, proto)
    onnx.save(proto, quantized.path)
    after = predict(quantized, images, context.target).logits
    _check_agreement(network, reference, after, images)
    notes = (*scheme, *_notes(result, settings, context), _gain(reference, before, after))
    return Outcome(
        model=quantized, notes=notes, complete=not result.stopped_by_budget, ended_early=result.stopped_early
    )


def _check_inputs(model: OnnxModel, context: TrainingContext) -> None:
    if len(context.data.split("train")) == 0:
        raise StepError(
            "qat needs train images, and there are none", "Raise the share of images for training (split.train)"
        )
    if len(context.data.split("calibration")) == 0:
        raise StepError(
            "qat needs calibration images, and there are none",
            "Raise the share of images for calibration (split.calibration)",
        )
    refusal = qat_input_refusal(traits_of(model))
    if refusal is not None:
        raise StepError(refusal.message, refusal.next)


def _calibration(settings: Qat, context: TrainingContext) -> Part:
    images = context.data.images("calibration")
    return images.span(0, min(settings.calibration_images, len(images)))


def _quantize(
    model: OnnxModel, images: Part, settings: Qat, context: TrainingContext, path: Path, work: Path
) -> tuple[Network, tuple[Note, ...]]:
    """Writes the static file to `path`; returns its graph as a network, with weights not rounded yet, and notes."""
    static = QuantizeStatic(method="static", calibration=settings.calibration, bias_correction=False)
    context.on_progress(0.0, "folding constants and batch norms")
    folded = fold(model, work, images)
    _check_outputs(folded, model, images)
    batch_size = context.target.batch_size
    range_images, crop_notes = with_crops_of_few(images, settings.calibration_images, context)
    calibrator = Calibrator(
        model, folded, range_images, len(range_images), work, context.on_progress, batch_size=batch_size
    )
    notes = build_static(calibrator, static, context.isa, path, None, context.target)
    floats = {f"{tensor.name}_quantized": tensor_of(tensor) for tensor in onnx.load(folded).graph.initializer}
    limit = choose_scheme(static, context.isa).widest
    with as_step_error("torch cannot train this graph", next="Use quantize in place of qat"):
        network = Network(onnx.load(path), floats, limit, model.output_name)
    text = f"{len(images)} images of the calibration split set the ranges that training began with"
    return network, (*notes, *crop_notes, Note(code=codes.CALIBRATION, text=text))


@torch.inference_mode()
def _check_outputs(folded: Path, model: OnnxModel, images: Part) -> None:
    """Raises StepError where torch and onnxruntime compute different outputs for the graph in float."""
    batch = next(images.batches(4))
    with open_session(folded, Target(threads=1), output_names=[model.output_name]) as session:
        reference = model.read(session(batch), len(batch)).main
    with as_step_error("torch cannot compute this graph", next="Use quantize in place of qat"):
        network = Network(onnx.load(folded), {}, output=model.output_name)
        outputs = network(torch.from_numpy(batch)).numpy()
    difference = float(np.abs(outputs - reference).max() / max(float(np.abs(reference).max()), 1e-9))
    if not difference <= TOLERANCE:
        raise StepError(
            "torch gives other outputs than onnxruntime for this graph "
            f"(apart by {percent(difference, 1)} of the largest)",
            "Use quantize in place of qat",
        )


def _train(network: Network, model: OnnxModel, settings: Qat, context: TrainingContext) -> Fit:
    train = context.data.images("train")
    context.on_progress(TRAINING_START / 2, f"decoding {len(train)} train images")
    pixels = train.cached(context.shared).array
    if pixels is None:
        raise TypeError("a cached part has an array")
    uses_labels = train.labels is not None and settings.label_share > 0
    labels = Labels(train.labels, settings.label_smoothing) if train.labels is not None and uses_labels else None
    answers = _answers(model, Views(pixels, settings, context.seed), min(settings.epochs, MAX_VIEWS), context)
    objective = Answers(
        answers=lambda batch: answers[batch.view, batch.rows],
        plain=answers[PLAIN],
        n_views=len(answers),
        temperature=1.0,
        labels=labels,
        label_share=settings.label_share,
    )

    def on_epoch(point: Point) -> None:
        context.on_progress(
            TRAINING_START + (1 - TRAINING_START) * point.share,
            point.message(_criterion(settings, context)),
            **point.metrics,
        )

    return fit(
        network,
        pixels,
        objective,
        image_preprocess(model),
        settings,
        seed=context.seed,
        deadline=context.deadline,
        on_epoch=on_epoch,
        card=context.target.device_id,
        checkpoint=context.checkpoint,
    )


def _answers(model: OnnxModel, views: Views, n_views: int, context: TrainingContext) -> NDArray[np.float32]:
    """(views, N, classes): the float model's logits on every view of every train image, asked once."""

    def view_progress(view: int) -> ShareCallback:
        return lambda share, which: context.on_progress(
            TRAINING_START * (1 + (view + share) / n_views) / 2, f"FP32 answers view {view + 1} of {n_views}: {which}"
        )

    with teacher_session(model, context) as ask:
        answer = live_answers(ask, views)
        return np.stack([answer_all(answer, len(views.pixels), view, view_progress(view)) for view in range(n_views)])


@torch.inference_mode()
def _check_agreement(
    network: Network, reference: NDArray[np.float32], after: NDArray[np.float32], images: Part
) -> None:
    """Raises StepError where the file agrees with FP32 much less than the trained network does.

    The two are not compared image by image: sums in another order may round to another integer, and the class with it.
    """
    trained = np.concatenate([network(torch.from_numpy(batch)).numpy() for batch in images.batches(USUAL_BATCH)])
    of_network, of_file = (agreement(logits, reference) for logits in (trained, after))
    if of_file < of_network - MAX_AGREEMENT_LOSS:
        raise StepError(
            f"the trained network agrees with FP32 on {percent(of_network, 1)} of {len(images)} images, "
            f"and what onnxruntime makes of it on {percent(of_file, 1)}",
            "Use quantize in place of qat",
        )


def _gain(reference: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]) -> Note:
    untrained, trained = (agreement(logits, reference) for logits in (before, after))
    text = (
        f"Training took the agreement with FP32 from {percent(untrained, 1)} to {percent(trained, 1)} of "
        f"{len(reference)} calibration images"
    )
    return Note(code="qat_gain", text=text)


def _criterion(settings: Qat, context: TrainingContext) -> str:
    return "right" if _labelled(settings, context) else "answered as FP32 does"


def _labelled(settings: Qat, context: TrainingContext) -> bool:
    return context.data.labelled and settings.label_share > 0


def _notes(result: Fit, settings: Qat, context: TrainingContext) -> tuple[Note, ...]:
    labels = (
        f"a share of {percent(settings.label_share)} in the loss" if _labelled(settings, context) else "no part in it"
    )
    text = f"FP32 answered {min(settings.epochs, MAX_VIEWS)} views of every train image; labels had {labels}"
    return Note(code=codes.TEACHER, text=text), *result.notes(_criterion(settings, context))
