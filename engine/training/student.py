"""The student: the model so far, or a new network for the same images."""

from pathlib import Path

from engine import models
from engine.context import Model, StepContext
from engine.errors import StepError
from engine.models.artifacts import TorchModel
from engine.settings import Preprocess, TimmModel


def check_trainable(model: Model) -> TorchModel:
    """The same model. Raises StepError for an ONNX file, whose weights no step can train."""
    if not isinstance(model, TorchModel):
        raise StepError("the model so far is an ONNX file, which cannot learn", "Name a timm architecture as student")
    return model


def new_student(
    architecture: str, weights: str, n_outputs: int, preprocess: Preprocess, context: StepContext, folder: Path
) -> TorchModel:
    """A timm network with this many outputs, for the images that `preprocess` makes.

    `folder` must not exist and is made for its weights. Raises SourceError where it cannot take such images, and
    HubError where pretrained weights cannot be had.
    """
    folder.mkdir()
    source = TimmModel(
        name=architecture,
        weights=weights,
        num_classes=n_outputs,
        in_chans=len(preprocess.mean),
        img_size=TimmModel.edge_of(preprocess.size),
    )
    return models.load_timm(source, preprocess, context.seed, folder)
