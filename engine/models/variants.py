"""The files of a finished run's variants, as models."""

from pathlib import Path

from engine.errors import RequestError
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.graph import read_onnx
from engine.results import Variant


def read_variant(folder: Path, variant: Variant) -> OnnxModel:
    """The variant's file in the folder of its run. Raises RequestError where it is not the one that was measured."""
    path = folder / variant.file
    if file_sha256(path) != variant.sha256:
        raise RequestError(
            f"the file '{variant.file}' of this run has changed: its SHA-256 is another", "Run its recipe again"
        )
    return read_onnx(path, variant.input.preprocess)
