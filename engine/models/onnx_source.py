"""Models from an ONNX file of the user's."""

from pathlib import Path

from engine.errors import SourceError
from engine.models.artifacts import OnnxModel
from engine.models.graph import read_onnx
from engine.settings import FileModel, Preprocess


def load_file(source: FileModel, preprocess: Preprocess | None) -> OnnxModel:
    """The classifier in the file. Raises SourceError where it is none, or not the one that the recipe names."""
    if source.path is None:
        raise SourceError(f"the upload {source.sha256} is not in this home", "Upload the file again")
    model = read_onnx(Path(source.path), preprocess)
    if source.sha256 not in (None, model.sha256):
        raise SourceError(
            f"'{model.path.name}' is not the file that the recipe names by its SHA-256",
            "Choose the file again, or correct its sum",
        )
    return model
