"""What goes into an ONNX file and what comes out, as the file declares it; for one that is no classifier by itself."""

from pathlib import Path

from engine.models.graph import describe, parse_proto
from engine.results import ModelSignature
from engine.settings import SignatureRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress


def signature(request: SignatureRequest, folder: JobFolder, progress: Progress) -> ModelSignature:
    """The inputs and outputs of the file. Raises SourceError where it is no ONNX file."""
    progress.emit("signature", "load", 0.0, "reading inputs and outputs")
    inputs, outputs = describe(parse_proto(Path(request.model.path or "")))
    return ModelSignature(inputs=inputs, outputs=outputs)
