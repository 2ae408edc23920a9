"""What a classifier predicts on labelled images: the confusion matrix, and whether another order of classes fits it."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import models
from engine.analyses.class_order import suggest_order
from engine.analyses.preview import example_indices, is_mapped
from engine.analyses.scores import scorer
from engine.context import Model
from engine.data import Data, Part, load, outputs_to_match
from engine.data.pictures import output_names, picture
from engine.errors import DataError
from engine.results import Confusion, LabelPredictions, OrderSuggestion, OutputCount, codes
from engine.settings import ConfusionRequest
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.tasks import TASKS

MOST_IMAGES, BATCH = 300, 32
SECONDS = 40.0
"""About as long may predicting take; a slow network sees fewer images."""
PREDICT_BEGINS = 0.5
"""The share of the job that is done when the model and the images are loaded."""
Integers = NDArray[np.int64]


def confusion(request: ConfusionRequest, folder: JobFolder, progress: Progress) -> Confusion:
    """The confusion matrix on the first evaluation images, at most 300 and what about 40 seconds allow.

    The split is the one that a run without a training step has, since more images tell more. Raises SourceError, and
    DataError where there are no labels or the model has no output for one of them.
    """
    progress.emit("confusion", "load", 0.0, "loading the model and the images")
    folder.work.mkdir(parents=True, exist_ok=True)
    model = models.load(request.model, request.preprocess, request.seed, folder.work)
    data = _data(request, model, folder.work, progress)
    part = data.images("evaluation").span(0, MOST_IMAGES)
    progress.emit("confusion", "predict", PREDICT_BEGINS, f"asking the model about {len(part)} images")
    predicted = _predictions(scorer(model), part)
    labels = part.span(0, len(predicted)).labels
    if labels is None:
        raise TypeError("labelled data has labels in every split")
    names = output_names(data, model.classes)
    rows = _rows(data, labels, predicted, names)
    return Confusion(
        rows=rows,
        n_outputs=model.n_outputs,
        examples=_examples(part.span(0, len(predicted)), predicted, rows, names, folder.path),
        suggestion=_suggestion(data, rows, labels, predicted, model.n_outputs),
        warnings=tuple(note for note in model.warnings if note.code in (codes.RANDOM_WEIGHTS, codes.NEW_HEAD)),
    )


def _data(request: ConfusionRequest, model: Model, work: Path, progress: Progress) -> Data:
    data = load(
        request.data,
        request.split,
        model.preprocess,
        request.seed,
        merge_train=True,
        n_outputs=outputs_to_match(request.data, model.n_outputs),
        model_classes=model.classes,
        work=work,
        inputs=model.input_specs,
        cache=Cache(Home.default().cache),
        on_progress=lambda share, text: progress.emit("confusion", "load", PREDICT_BEGINS * share, text),
    )
    if not TASKS[model.task].classes or model.n_outputs < 2 or not is_mapped(request.data, data, model.n_outputs):
        raise DataError(
            "the model's predictions cannot be compared with the labels: it has no output for each of them",
            "Name the classes in the order of the model's outputs (data.classes), or choose a model of these classes",
        )
    return data


def _predictions(score: Callable[[Part], NDArray[np.float32]], part: Part) -> Integers:
    """(n,) the output that the model prefers, of as many of the first images as time allows.

    The first batch tells how long the others take.
    """
    started = time.perf_counter()
    first = score(part.span(0, BATCH)).argmax(1)
    n_allowed = int(len(first) * SECONDS / (time.perf_counter() - started))
    rest = part.span(BATCH, max(BATCH, n_allowed))
    return np.concatenate([first, score(rest).argmax(1)]) if len(rest) else first


def _rows(
    data: Data, labels: Integers, predicted: Integers, names: tuple[str, ...] | None
) -> tuple[LabelPredictions, ...]:
    """A row for every label that has images, in the order of the labels."""
    rows = []
    for label, output in data.label_outputs.items():
        of_label = predicted[labels == output]
        counts = tuple(
            OutputCount(output=int(other), name=names[other] if names else None, n_images=count)
            for other, count in Counter(of_label.tolist()).most_common()
        )
        name = names[output] if names else None
        if counts:
            rows.append(
                LabelPredictions(label=label, output=output, name=name, n_images=len(of_label), predictions=counts)
            )
    return tuple(rows)


def _suggestion(
    data: Data, rows: tuple[LabelPredictions, ...], labels: Integers, predicted: Integers, n_outputs: int
) -> OrderSuggestion | None:
    """Another order that fits better. Where names were matched, one is likelier confused than renamed, so that only an
    order that moves most labels is suggested.
    """
    outputs = np.array([row.output for row in rows])
    row_of = np.zeros(n_outputs, np.int64)
    row_of[outputs] = np.arange(len(rows))
    suggestion = suggest_order(row_of[labels], predicted, outputs, [row.label for row in rows], n_outputs)
    by_name = any(note.code in (codes.CLASSES_BY_NAME, codes.CLASSES_BY_IMAGENET) for note in data.warnings)
    if suggestion is None or (by_name and 2 * int((np.array(suggestion.outputs) != outputs).sum()) <= len(rows)):
        return None
    return suggestion


def _examples(
    part: Part, predicted: Integers, rows: tuple[LabelPredictions, ...], names: tuple[str, ...] | None, folder: Path
) -> tuple[tuple[str, str, str], ...]:
    """(file, label, prediction) of images as the model sees them, labels in turn; a prediction is a label or a name."""
    labels_of = {row.output: row.label for row in rows}
    examples = []
    for number, index in enumerate(example_indices(part)):
        file, output = f"example-{number:02d}.png", int(predicted[index])
        picture(part.pixels(index), blue_first=part.preprocess.channels == "bgr").save(folder / file)
        name = names[output] if names else f"output {output}"
        label = "" if part.labels is None else labels_of[int(part.labels[index])]
        examples.append((file, label, labels_of.get(output, name)))
    return tuple(examples)
