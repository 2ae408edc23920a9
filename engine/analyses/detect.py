"""Whether a model is run with another preprocessing than it was trained with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import data as images
from engine import models
from engine.analyses.measure_lock import hold_measure_lock, wait_event
from engine.analyses.preprocessing_search import Answers, Searcher
from engine.data import Data, Part
from engine.data.preprocess import channel_order, normalise
from engine.errors import DataError, SourceError
from engine.export.onnx_file import export_onnx
from engine.measure.quality import compare
from engine.models.artifacts import OnnxModel, TorchModel
from engine.results import Comparison, Note, PreprocessingDetection, codes, preprocessing_text
from engine.runtimes import open_session, resolve_target
from engine.settings import DetectRequest, ImagesData, Preprocess, Target
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.tasks import TASKS
from engine.tasks import Answers as TaskAnswers
from engine.wording import many

N_PICTURES = 4
READ_BEGINS, SEARCH_BEGINS = 0.05, 0.3
"""The shares of the job that are done when the model is loaded, and when the images are read."""


@dataclass(frozen=True)
class _Images:
    """The images to look at, and how many of its first come from which part of the data."""

    part: Part
    n_calibration: int
    n_selection: int

    def counts(self, n_images: int) -> tuple[int, int, int]:
        """How many of the first images are of calibration, of the selection and of evaluation."""
        calibration = min(n_images, self.n_calibration)
        selection = min(n_images - calibration, self.n_selection)
        return calibration, selection, n_images - calibration - selection


def detect(request: DetectRequest, folder: JobFolder, progress: Progress) -> PreprocessingDetection:
    """The preprocessings that were tried, and the one that is significantly better than the declared one, if any.

    With labels that fit the model's outputs; without, confidence and entropy of its answers alone, and nothing is
    called better. The pictures are PNG files in the job's folder. Raises SourceError for a model that is no classifier
    of images, DataError for data that are no images, ExportError where the model cannot become an ONNX file, and
    RunError where it does not run.
    """
    progress.emit("detect", "load", 0.0, "loading the model")
    folder.work.mkdir(parents=True, exist_ok=True)
    model = models.load(request.model, request.preprocess, request.seed, folder.work)
    if model.preprocess is None or not TASKS[model.task].classes:
        raise SourceError(
            f"preprocessings are told apart by the classes of images, and the model is read as {_kind(model)}",
            "Choose a classifier of images",
        )
    progress.emit("detect", "read", READ_BEGINS, "reading the images")
    data = _load_data(request, model, folder.work, progress)
    has_labels = data.labelled and (data.head_fits(model.n_outputs) or _maps_labels(request))
    looked_at = _unreported(data)
    file = _as_file(model, folder.work)
    lock, on_wait = Home.default().measure_lock, wait_event(folder, progress, "detect")

    def on_trial(fraction: float, preprocess: Preprocess) -> None:
        text = preprocessing_text(preprocess, looked_at.part.preprocess)
        progress.emit("detect", "try", SEARCH_BEGINS + (1 - SEARCH_BEGINS) * fraction, f"trying {text}")

    with open_session(file.path, resolve_target(Target()), output_names=file.output_names) as session:
        searcher = Searcher(
            session=session,
            model=file,
            part=looked_at.part,
            labels=looked_at.part.labels if has_labels else None,
            work=folder.work,
            seconds=60 * request.minutes,
            lock=lambda: hold_measure_lock(lock, "detect", on_wait),
            on_trial=on_trial,
        )
        index = searcher.search()
    n_calibration, n_selection, n_evaluation = looked_at.counts(searcher.trials[0].n_images)
    return PreprocessingDetection(
        trials=tuple(searcher.trials),
        better=index or None,
        comparison=_comparison(searcher.answers[index], searcher.answers[0]) if index else None,
        labelled=has_labels,
        n_compared=searcher.n_compared,
        n_calibration=n_calibration,
        n_selection=n_selection,
        n_evaluation=n_evaluation,
        untried=tuple(searcher.untried),
        pictures=tuple(_pictures(looked_at.part, searcher.trials[index].preprocess, data.classes, folder.path)),
        seconds=searcher.elapsed,
        warnings=(*model.warnings, *data.warnings, *_label_notes(data, model, has_labels)),
    )


def _kind(model: TorchModel | OnnxModel) -> str:
    return TASKS[model.task].title if model.preprocess is not None else "a model of other inputs"


def _load_data(request: DetectRequest, model: TorchModel | OnnxModel, work: Path, progress: Progress) -> Data:
    return images.load(
        request.data,
        request.split,
        model.preprocess,
        request.seed,
        merge_train=True,  # then the selection is a part of that of every run, with training steps or without
        n_outputs=model.n_outputs,
        model_classes=model.classes,
        work=work,
        inputs=model.input_specs,
        cache=Cache(Home.default().cache),
        on_progress=lambda share, text: progress.emit(
            "detect", "read", READ_BEGINS + (SEARCH_BEGINS - READ_BEGINS) * share, text
        ),
    )


def _maps_labels(request: DetectRequest) -> bool:
    return isinstance(request.data, ImagesData) and request.data.classes is not None


def _label_notes(data: Data, model: TorchModel | OnnxModel, has_labels: bool) -> tuple[Note, ...]:
    """A note where there are labels that cannot be compared with the model's outputs."""
    if has_labels or not data.labelled:
        return ()
    outputs, classes = many(model.n_outputs, "output"), many(len(data.classes or ()), "class")
    text = f"The model has {outputs} and the images {classes}: nothing can be said of how often it is right"
    return (Note(code=codes.HEAD_DOES_NOT_FIT, text=text),)


def _unreported(data: Data) -> _Images:
    """The calibration images and those that choose, which report nothing; the evaluation images where there are none.

    Raises DataError for arrays.
    """
    calibration, selection = data.images("calibration"), data.selection
    if not isinstance(selection, Part):
        raise DataError("the data is arrays, which are prepared already", "Give images (data.kind: images)")
    ids = set(calibration.ids)
    others = [index for index, id in enumerate(selection.ids) if id not in ids]
    if not calibration.ids and not others:
        return _Images(data.images("evaluation"), 0, 0)
    n = len(calibration)

    def read(index: int) -> Image.Image:
        return calibration.raw(index) if index < n else selection.raw(others[index - n])

    labels = calibration.labels
    part = replace(
        calibration,
        ids=(*calibration.ids, *(selection.ids[index] for index in others)),
        hashes=(*calibration.hashes, *(selection.hashes[index] for index in others)),
        labels=None if labels is None or selection.labels is None else np.append(labels, selection.labels[others]),
        read=read,
    )
    return _Images(part, n, len(others))


def _as_file(model: TorchModel | OnnxModel, work: Path) -> OnnxModel:
    return model if isinstance(model, OnnxModel) else export_onnx(model, work / "detect.onnx")


def _comparison(answers: Answers, declared: Answers) -> Comparison:
    """The answers under the better preprocessing beside those under the declared one."""
    return compare("classification", _task_answers(answers), _task_answers(declared), answers.labels)


def _task_answers(answers: Answers) -> TaskAnswers:
    """The same as a task's answers; where a row is not finite, that is any class but the right one."""
    scores, broken = np.where(answers.finite[:, None], answers.scores, np.float32(0)), ~answers.finite
    if answers.labels is not None:
        scores[broken, answers.labels[broken]] = -1
    return TaskAnswers({"scores": scores})


def _pictures(
    part: Part, better: Preprocess, classes: tuple[str, ...] | None, folder: Path
) -> Iterator[tuple[str, str, str]]:
    """(caption, file, file) of a few images: what a model that expects the better preprocessing gets under either."""
    for number in range(min(N_PICTURES, len(part))):
        names = []
        for name, settings in (("declared", part.preprocess), ("better", better)):
            names.append(f"{name}-{number}.png")
            pixels = replace(part, preprocess=settings).pixels(number)
            _seen(pixels, settings, better).save(folder / names[-1])
        labels = part.labels
        caption = part.ids[number] if labels is None or classes is None else classes[labels[number]]
        yield caption, names[0], names[1]


def _seen(pixels: NDArray[np.uint8], settings: Preprocess, expected: Preprocess) -> Image.Image:
    """Pixels (H, W, C), prepared with `settings`, turned back into a picture as if by `expected`."""
    expected_values = expected.model_dump()
    mean, std = (np.asarray(expected_values[name], np.float32)[:, None, None] for name in ("mean", "std"))
    values = (normalise(pixels, settings.model_dump()) * std + mean) * expected.scale
    picture = np.moveaxis(np.clip(np.rint(values), 0, 255).astype(np.uint8), 0, -1)
    if picture.shape[-1] == 1:
        return Image.fromarray(picture[..., 0])
    blue_first = channel_order(expected_values) == "bgr"
    return Image.fromarray(np.ascontiguousarray(picture[..., ::-1] if blue_first else picture))
