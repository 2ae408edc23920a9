"""Counts and examples of the images or arrays, as the model gets them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import models
from engine.context import Model
from engine.data import SPLIT_NAMES, ArrayPart, Data, Examples, Part, load, outputs_to_match
from engine.data.pictures import indices_in_turn, output_names, picture
from engine.data.skipped import SKIPPED_FILE, write_skipped
from engine.results import ArraySummary, ClassCount, DataPreview, LabelOutput
from engine.settings import DataSource, PreviewRequest
from engine.store.cache import Cache
from engine.store.folders import JobFolder
from engine.store.home import Home
from engine.store.progress import Progress
from engine.tasks import TASKS

N_EXAMPLES = 24


def preview(request: PreviewRequest, folder: JobFolder, progress: Progress) -> DataPreview:
    """Counts, splits and examples of the data; the examples of images are PNG files in the job's folder.

    The model is loaded for its inputs, preprocessing, outputs and class names alone. The split is the one that a run
    with a training step has. All files that were left out are in SKIPPED_FILE there, also where they are so many that
    the images are refused. Raises SourceError and DataError.
    """
    progress.emit("preview", "load", 0.0, "loading the model")
    folder.work.mkdir(parents=True, exist_ok=True)
    model = models.load(request.model, request.preprocess, request.seed, folder.work)
    judges = TASKS[model.task].classes
    progress.emit("preview", "read", 0.2, "reading the data")
    data = load(
        request.data,
        request.split,
        model.preprocess,
        request.seed,
        merge_train=False,
        n_outputs=outputs_to_match(request.data, model.n_outputs) if judges else None,
        model_classes=model.classes,
        work=folder.work,
        inputs=model.input_specs,
        cache=Cache(Home.default().cache),
        on_progress=lambda share, text: progress.emit("preview", "read", 0.2 + 0.6 * share, text),
        on_skipped=partial(write_skipped, path=folder.path / SKIPPED_FILE),
    )
    progress.emit("preview", "examples", 0.8, "drawing examples")
    part = data.split("evaluation")
    return DataPreview(
        summary=data.summary(),
        counts=_counts(data),
        skipped=data.named_skipped,
        examples=tuple(_examples(part, data.classes, folder.path)) if isinstance(part, Part) else (),
        n_outputs=model.n_outputs,
        head_fits=data.head_fits(model.n_outputs) if data.labelled and judges else None,
        preprocess=model.preprocess,
        task=model.task,
        arrays=_summaries(part) if isinstance(part, ArrayPart) else (),
        mapping=_mapping(request, data, model) if judges else (),
        folders=data.folders,
        warnings=(*model.warnings, *data.warnings),
        label_file=data.label_file,
        skipped_file=SKIPPED_FILE if data.skipped else None,
    )


def _counts(data: Data) -> tuple[ClassCount, ...]:
    """Examples of every class that has any, by split; those that evaluation gave to the selection are apart."""
    if data.classes is None:
        return ()
    n_classes = len(data.classes)
    labels = [*(_labels(data.split(name)) for name in SPLIT_NAMES), _labels(data.selection)[data.given_by_evaluation]]
    table = np.stack([np.bincount(some, minlength=n_classes) for some in labels])
    return tuple(
        ClassCount(name=name, **dict(zip((*SPLIT_NAMES, "selection"), map(int, column), strict=True)))
        for name, column in zip(data.classes, table.T, strict=True)
        if column.any()
    )


def is_mapped(source: DataSource, data: Data, n_outputs: int) -> bool:
    """Whether every label has an output that the model has, by the matching or by the names of the recipe."""
    by_recipe = outputs_to_match(source, n_outputs) is None and max(data.label_outputs.values(), default=0) < n_outputs
    return data.labelled and (by_recipe or data.head_fits(n_outputs))


def _mapping(request: PreviewRequest, data: Data, model: Model) -> tuple[LabelOutput, ...]:
    """The output of every label that has images; none where the model lacks an output for a label."""
    if not is_mapped(request.data, data, model.n_outputs):
        return ()
    names = output_names(data, model.classes)
    labels = [*(_labels(data.split(name)) for name in SPLIT_NAMES), _labels(data.selection)[data.given_by_evaluation]]
    n_images = np.bincount(np.concatenate(labels), minlength=model.n_outputs)
    return tuple(
        LabelOutput(label=label, output=output, name=names[output] if names else None, n_images=int(n_images[output]))
        for label, output in data.label_outputs.items()
        if n_images[output]
    )


def _examples(part: Part, classes: tuple[str, ...] | None, folder: Path) -> Iterator[tuple[str, str]]:
    """(file name, class or id) of images of the part as the model gets them, classes in turn."""
    for number, index in enumerate(example_indices(part)):
        name = f"example-{number:02d}.png"
        pixels = part.pixels(index)
        picture(pixels, blue_first=part.preprocess.channels == "bgr").save(folder / name)
        labels = part.labels
        yield name, part.ids[index] if labels is None or classes is None else classes[labels[index]]


def example_indices(part: Part) -> list[int]:
    """Up to N_EXAMPLES indices, classes in turn."""
    return indices_in_turn(part)[:N_EXAMPLES]


def _summaries(part: ArrayPart) -> tuple[ArraySummary, ...]:
    """What each input gets in the first N_EXAMPLES examples of the part."""
    examples = [part.read(index) for index in range(min(N_EXAMPLES, len(part)))]
    values = {name: [example[name] for example in examples] for name in examples[0]}
    return tuple(
        ArraySummary(
            name=name,
            dtype=str(arrays[0].dtype),
            shape=arrays[0].shape,
            low=float(min(array.min() for array in arrays)),
            high=float(max(array.max() for array in arrays)),
            mean=float(np.mean([array.mean(dtype=np.float64) for array in arrays])),
        )
        for name, arrays in (*values.items(), *((name, [array]) for name, array in part.constants.items()))
    )


def _labels(part: Examples) -> NDArray[np.int64]:
    return np.zeros(len(part), np.int64) if part.labels is None else part.labels
