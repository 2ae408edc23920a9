"""A few images of a run with what its variants answer, kept beside the report for people who were not there."""

from collections.abc import Iterator

import numpy as np

from engine.data import Data, Part
from engine.data.pictures import indices_in_turn, name_of, output_names, small_picture_of
from engine.errors import DataError
from engine.measure.changed_answers import changed_answers
from engine.measure.confidence import probabilities
from engine.measure.predictions import Predictions
from engine.results import Example, ExampleAnswer
from engine.run.report_builder import ReportBuilder

MOST_CHANGED, MOST_ALIKE = 6, 4
"""Images a variant that answer otherwise, and images that all variants answer as the baseline does."""


def add_examples(builder: ReportBuilder, data: Data) -> None:
    """Adds the images on which each variant differs from the baseline most, and some on which all agree.

    Only of classifiers of images. An image that cannot be read any more, or not be written, is left out: the figures
    of the run matter more.
    """
    part, baseline = data.split("evaluation"), builder.models.get(builder.baseline.id)
    if not isinstance(part, Part) or builder.recipe.data is None or baseline is None:
        return
    if baseline.task != "classification" or baseline.n_outputs < 2:
        return
    main = [one.id for one in builder.variants.values() if one.role != "candidate" and one.id in builder.predictions]
    predictions = {id: builder.predictions[id] for id in main}
    if len(predictions) < 2 or builder.baseline.id not in predictions:
        return
    names = output_names(data, baseline.classes) or data.classes
    builder.examples = tuple(_examples(builder, part, predictions, names))


def _examples(
    builder: ReportBuilder, part: Part, predictions: dict[str, Predictions], names: tuple[str, ...] | None
) -> Iterator[Example]:
    folder = builder.folder.examples
    for number, index in enumerate(_indices(part, builder.baseline.id, predictions)):
        path = folder / f"{number:02d}.png"
        try:
            folder.mkdir(exist_ok=True)
            small_picture_of(part, index).save(path)
        except (DataError, OSError):
            path.unlink(missing_ok=True)  # of a full disk
            continue
        yield Example(
            image_id=part.ids[index],
            label=None if part.labels is None else name_of(names, int(part.labels[index])),
            picture=str(path.relative_to(builder.folder.path)),
            answers={id: _answer(one, index, names) for id, one in predictions.items()},
        )


def _indices(part: Part, baseline_id: str, predictions: dict[str, Predictions]) -> list[int]:
    """The images to keep: the most damaging changes of each variant, then images that all answer alike."""
    before = predictions[baseline_id].logits
    changed: dict[int, None] = {}
    alike = np.ones(len(before), bool)
    for id, one in predictions.items():
        if id != baseline_id:
            rows = changed_answers(part.labels, before, one.logits)
            changed |= dict.fromkeys(index for index, _, _ in rows[:MOST_CHANGED])
            alike[[index for index, _, _ in rows]] = False
    same = [index for index in indices_in_turn(part) if alike[index]]
    return [*changed, *same[:MOST_ALIKE]]


def _answer(predictions: Predictions, index: int, names: tuple[str, ...] | None) -> ExampleAnswer:
    (row,) = probabilities(predictions.logits[index : index + 1])
    output = int(row.argmax())
    return ExampleAnswer(name=name_of(names, output), probability=float(row[output]))
