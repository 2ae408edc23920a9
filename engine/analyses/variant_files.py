"""Reads the files that a sweep or a showdown times."""

from pathlib import Path

from engine import models
from engine.errors import RequestError, SourceError
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.graph import read_onnx
from engine.settings import VariantFile


def read_file(file: VariantFile, work: Path) -> OnnxModel:
    """The model in the file; where a user's own file has to be rewritten, in a copy below `work`.

    Raises SourceError where it is no model, and RequestError where the file of a run is not the one it made any more.
    """
    source = file.model
    if source is None or source.path is None:
        raise SourceError("the file to time was not found", "Choose it again")
    if file.run is None:
        work.mkdir(parents=True, exist_ok=True)
        model = models.load(source, file.preprocess, 0, work)
        if not isinstance(model, OnnxModel):
            raise SourceError(f"'{file.label}' is no ONNX file", "Give an ONNX file")
        return model
    if file_sha256(Path(source.path)) != source.sha256:
        raise RequestError(
            f"the file of '{file.label}' has changed: its SHA-256 is not that of the report", "Run its recipe again"
        )
    return read_onnx(Path(source.path), file.preprocess)
