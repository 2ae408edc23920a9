"""How the labels of the data became outputs of the model, and whether the predictions agree with that."""

from engine.results.base import Result


class LabelOutput(Result):
    """Which output of the model a label was taken for, the model's name of it where it has one, and the images."""

    label: str
    output: int
    name: str | None
    n_images: int
