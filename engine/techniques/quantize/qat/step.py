"""The step: the static file, its graph as a network that learns, and the same file with what was learnt."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from engine.context import Outcome
from engine.data import Part
from engine.errors import StepError
from engine.measure.predictions import EVALUATION_BATCH, predict
from engine.measure.quality import fidelity
from engine.models.artifacts import OnnxModel
from engine.results import Note, codes
from engine.runtimes import open_session
from engine.settings import Qat, QuantizeStatic, Target
from engine.store.home import require_room
from engine.techniques.quantize.calibrate import Calibrator
from engine.techniques.quantize.prepare import check_quantizable, fold
from engine.techniques.quantize.qat.network import Network
from engine.techniques.quantize.qat.operators import tensor_of
from engine.techniques.quantize.qat.writing import write_back
from engine.techniques.quantize.static import FILES_AT_ONCE, build_static, choose_scheme
from engine.training.batches import PLAIN, Views
from engine.training.context import TrainingContext
from engine.training.curve import Fit, Point
from engine.training.loop import fit
from engine.training.objectives import Answers, Labels
from engine.training.teacher import asking
from engine.training.teacher_answers import ShareCallback, anew, to_all
from engine.wording import percent

MAX_VIEWS = 4
"""Views of each image that the FP32 model answers once; more epochs go round them."""
TRAINED = 0.5
"""The share of the progress after which training begins."""
TOLERANCE = 1e-3
"""How far torch may be from onnxruntime on the float graph, as a share of the largest logit."""
LOST = 0.1
"""The share of images by which the file may agree less with FP32 than the network that was trained."""
WIDEST = {False: 127, True: 64}
"""The largest integer of a symmetric weight, in full and in reduced range, as in onnxruntime.quantization."""


def qat(model: OnnxModel, settings: Qat, context: TrainingContext) -> Outcome:
    """A static INT8 file whose weights, biases and scales have learnt what the float model answers, and the labels.

    Raises StepError as `quantize_static` does, where there are no train images, where torch cannot compute the graph
    as onnxruntime does, or where the loss is not finite; LimitError where the disk has no room.
    """
    check_quantizable(model)
    require_room(context.folder, FILES_AT_ONCE * model.path.stat().st_size, "quantizing this model")
    _check_given(model, context)
    images = _calibration(settings, context)
    made = replace(model, path=context.folder / "model.onnx")
    with tempfile.TemporaryDirectory(dir=context.folder) as work:
        network, scheme = _quantized(model, images, settings, context, made.path, Path(work))
        wanted, before = (predict(one, images, context.target).logits for one in (model, made))
        result = _train(network, model, settings, context)
    proto = onnx.load(made.path)
    write_back(network, proto)
    onnx.save(proto, made.path)
    after = predict(made, images, context.target).logits
    _check_kept(network, wanted, after, images)
    notes = (*scheme, *_notes(result, settings, context), _gain(wanted, before, after))
    return Outcome(model=made, notes=notes, complete=not result.stopped_by_budget, ended_early=result.stopped_early)


def _check_given(model: OnnxModel, context: TrainingContext) -> None:
    if len(context.data.split("train")) == 0:
        raise StepError(
            "qat needs train images, and there are none", "Raise the share of images for training (split.train)"
        )
    if len(context.data.split("calibration")) == 0:
        raise StepError(
            "qat needs calibration images, and there are none",
            "Raise the share of images for calibration (split.calibration)",
        )
    if model.batch is not None:
        raise StepError(
            f"the file takes {model.batch} images a call, and qat trains on batches of other sizes",
            "Export the model again with a dynamic batch, or use quantize",
        )


def _calibration(settings: Qat, context: TrainingContext) -> Part:
    images = context.data.split("calibration")
    return images.span(0, min(settings.calibration_images, len(images)))


def _quantized(
    model: OnnxModel, images: Part, settings: Qat, context: TrainingContext, path: Path, work: Path
) -> tuple[Network, tuple[Note, ...]]:
    """Writes the static file to `path`; the network that it is, its weights not rounded yet."""
    static = QuantizeStatic(method="static", calibration=settings.calibration, bias_correction=False)
    context.on_progress(0.0, "folding constants and batch norms")
    folded = fold(model, work)
    _check_understood(folded, model, images)
    calibrator = Calibrator(model, folded, images, len(images), work, context.on_progress)
    notes = build_static(calibrator, static, context.isa, path, None, context.target)
    floats = {f"{tensor.name}_quantized": tensor_of(tensor) for tensor in onnx.load(folded).graph.initializer}
    network = Network(onnx.load(path), floats, WIDEST[choose_scheme(static, context.isa).reduce_range])
    text = f"{len(images)} images of the calibration split set the ranges that training began with"
    return network, (*notes, Note(code=codes.CALIBRATION, text=text))


@torch.inference_mode()
def _check_understood(folded: Path, model: OnnxModel, images: Part) -> None:
    """Raises StepError where torch does not give what onnxruntime gives for the graph in float."""
    network = Network(onnx.load(folded), {})
    seen = next(images.batches(4))
    with open_session(folded, Target(threads=1), input_name=model.input_name, output_name=model.output_name) as session:
        wanted = session(seen)
    given = network(torch.from_numpy(seen)).numpy()
    apart = float(np.abs(given - wanted).max() / max(float(np.abs(wanted).max()), 1e-9))
    if not apart <= TOLERANCE:
        raise StepError(
            f"torch gives other outputs than onnxruntime for this graph (apart by {percent(apart, 1)} of the largest)",
            "Use quantize in place of qat",
        )


def _train(network: Network, model: OnnxModel, settings: Qat, context: TrainingContext) -> Fit:
    train = context.data.split("train")
    context.on_progress(TRAINED / 2, f"decoding {len(train)} train images")
    pixels = train.cached(context.shared).array
    if pixels is None:
        raise TypeError("a cached part has an array")
    taught = train.labels is not None and settings.label_share > 0
    hard = Labels(train.labels, settings.label_smoothing) if train.labels is not None and taught else None
    answers = _answers(model, Views(pixels, settings, context.seed), min(settings.epochs, MAX_VIEWS), context)
    lesson = Answers(
        answers=lambda batch: answers[batch.view, batch.rows],
        plain=answers[PLAIN],
        n_views=len(answers),
        temperature=1.0,
        labels=hard,
        label_share=settings.label_share,
    )

    def on_epoch(point: Point) -> None:
        context.on_progress(
            TRAINED + (1 - TRAINED) * point.share, point.words(_judged(settings, context)), **point.metrics
        )

    return fit(
        network,
        pixels,
        lesson,
        model.preprocess,
        settings,
        seed=context.seed,
        deadline=context.deadline,
        on_epoch=on_epoch,
        checkpoint=context.checkpoint,
    )


def _answers(model: OnnxModel, views: Views, n_views: int, context: TrainingContext) -> NDArray[np.float32]:
    """(views, N, classes): the float model's logits on every view of every train image, asked once."""

    def told(view: int) -> ShareCallback:
        return lambda share, which: context.on_progress(
            TRAINED * (1 + (view + share) / n_views) / 2, f"FP32 answers view {view + 1} of {n_views}: {which}"
        )

    with asking(model, context) as ask:
        answer = anew(ask, views)
        return np.stack([to_all(answer, len(views.pixels), view, told(view)) for view in range(n_views)])


@torch.inference_mode()
def _check_kept(network: Network, wanted: NDArray[np.float32], after: NDArray[np.float32], images: Part) -> None:
    """Raises StepError where the file agrees with FP32 surely less than the network that was trained.

    The two decide differently where sums in another order end on the other side of a rounding, so they are not compared
    image by image.
    """
    trained = np.concatenate([network(torch.from_numpy(batch)).numpy() for batch in images.batches(EVALUATION_BATCH)])
    of_network, of_file = (fidelity(logits, wanted).agreement for logits in (trained, after))
    if of_file < of_network - LOST:
        raise StepError(
            f"the trained network agrees with FP32 on {percent(of_network, 1)} of {len(images)} images, "
            f"and what onnxruntime makes of it on {percent(of_file, 1)}",
            "Use quantize in place of qat",
        )


def _gain(wanted: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]) -> Note:
    untrained, trained = (fidelity(logits, wanted).agreement for logits in (before, after))
    text = (
        f"Training took the agreement with FP32 from {percent(untrained, 1)} to {percent(trained, 1)} of {len(wanted)} "
        "calibration images"
    )
    return Note(code="qat_gain", text=text)


def _judged(settings: Qat, context: TrainingContext) -> str:
    return "right" if _labelled(settings, context) else "answered as FP32 does"


def _labelled(settings: Qat, context: TrainingContext) -> bool:
    return context.data.labelled and settings.label_share > 0


def _notes(result: Fit, settings: Qat, context: TrainingContext) -> tuple[Note, ...]:
    labels = (
        f"a share of {percent(settings.label_share)} in the loss" if _labelled(settings, context) else "no part in it"
    )
    text = f"FP32 answered {min(settings.epochs, MAX_VIEWS)} views of every train image; labels had {labels}"
    return Note(code=codes.TEACHER, text=text), *result.notes(_judged(settings, context))
