"""How the labels of the data became outputs of the model, and whether the model's predictions agree with that."""

from typing import Literal

from engine.results.base import Note, Result

ClassOrder = Literal["offset", "reversed", "alphabetic", "permutation"]


class LabelOutput(Result):
    """Which output of the model a label was taken for, the model's name of it where it has one, and the images."""

    label: str
    output: int
    name: str | None
    n_images: int


class OutputCount(Result):
    """How many images a model took for one of its outputs, and its name of it where it has one."""

    output: int
    name: str | None
    n_images: int


class LabelPredictions(LabelOutput):
    """A row of the confusion matrix: the predictions on the images of one label, the most frequent first."""

    predictions: tuple[OutputCount, ...]

    @property
    def n_right(self) -> int:
        return sum(one.n_images for one in self.predictions if one.output == self.output)


class OrderSuggestion(Result):
    """Other outputs for the labels, which the predictions fit significantly better.

    `outputs` has one for each row of the confusion matrix. The order was found on half of the images, and the counts
    are of the `n_images` others: right now, and right with these outputs. `p_value` is that of McNemar's exact test on
    them, twice, since two orders were tested. `offset` is that between the outputs, where the order is one.
    """

    order: ClassOrder
    offset: int | None
    outputs: tuple[int, ...]
    n_images: int
    n_right_now: int
    n_right: int
    p_value: float


class Confusion(Result):
    """The predictions of the model on the first evaluation images: the confusion matrix, a row a label that has some.

    `examples` are (file beside the result, label, prediction) of images as the model sees them.
    """

    rows: tuple[LabelPredictions, ...]
    n_outputs: int
    examples: tuple[tuple[str, str, str], ...]
    suggestion: OrderSuggestion | None = None
    warnings: tuple[Note, ...] = ()

    @property
    def n_images(self) -> int:
        return sum(row.n_images for row in self.rows)

    @property
    def n_right(self) -> int:
        return sum(row.n_right for row in self.rows)

    @property
    def suggested_classes(self) -> tuple[str, ...] | None:
        """The suggestion as class names in the order of the outputs (data.classes); an output without a label is #7."""
        if self.suggestion is None:
            return None
        labels = {output: row.label for output, row in zip(self.suggestion.outputs, self.rows, strict=True)}
        names = set(labels.values())
        mark = "#"
        while any(f"{mark}{output}" in names for output in range(self.n_outputs)):
            mark += "#"
        return tuple(labels.get(output, f"{mark}{output}") for output in range(self.n_outputs))
