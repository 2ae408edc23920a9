"""Source -> model: a sample, a timm name or an ONNX file becomes a description that can be built or run."""

from pathlib import Path

from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.onnx_source import load_file
from engine.models.sample import load_sample
from engine.models.timm_source import load_timm
from engine.settings import FileModel, ModelSource, Preprocess, SampleModel


def load(source: ModelSource, preprocess: Preprocess | None, seed: int, folder: Path) -> TorchModel | OnnxModel:
    """The model, with the preprocessing of its images and, in `warnings`, what the user should know.

    Weights that are not in a file of this project are saved as safetensors in `folder`, which must exist and be used
    for this model alone; an ONNX file that has to be rewritten is written there. `seed` makes random weights and new
    heads. Raises SourceError; HubError where the Hub fails.
    """
    match source:
        case SampleModel():
            return load_sample(source, preprocess)
        case FileModel():
            return load_file(source, preprocess, folder)
    return load_timm(source, preprocess, seed, folder)


__all__ = ["load", "load_timm"]
