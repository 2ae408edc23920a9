"""What a model is: signature, parameters, MACs, operators, file size."""

from dataclasses import dataclass
from pathlib import Path

from engine import models
from engine.export.onnx_file import export_onnx
from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.graph import describe, load_proto, operators
from engine.results import ModelProfile
from engine.settings import FileModel, ModelSource, ProfileRequest, TimmModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress

SEED = 0


@dataclass(frozen=True)
class _Read:
    """The model as loaded, and the ONNX file that stands for it."""

    source: TorchModel | OnnxModel
    file: OnnxModel


def profile(request: ProfileRequest, folder: JobFolder, progress: Progress) -> ModelProfile:
    """Read the model; a torch model is exported first, in the job's working folder, and described as its ONNX file is.

    Raises SourceError where the model cannot be had, ExportError where it cannot become an ONNX file.
    """
    folder.work.mkdir(parents=True, exist_ok=True)
    progress.emit("profile", "load", 0.0, "loading the model")
    source = models.load(request.model, request.preprocess, SEED, folder.work)
    progress.emit("profile", "export", 0.3, "exporting to ONNX")
    file = source if isinstance(source, OnnxModel) else export_onnx(source, folder.work / "profile.onnx")
    progress.emit("profile", "count", 0.9, "counting")
    return _described(request.model, _Read(source, file))


def _described(asked: ModelSource, read: _Read) -> ModelProfile:
    proto = load_proto(read.file.path)
    inputs, outputs = describe(proto)
    return ModelProfile(
        name=_name(asked),
        format="onnx" if isinstance(read.source, OnnxModel) else "timm",
        weights="file" if isinstance(read.source, OnnxModel) else read.source.weights_label,
        inputs=inputs,
        outputs=outputs,
        opset=read.file.opset,
        parameters=read.file.parameters,
        macs=read.file.macs,
        size_bytes=read.file.path.stat().st_size,
        layers=operators(proto),
        classes=read.file.classes,
        n_outputs=read.file.n_outputs,
        preprocess=read.file.preprocess,
        warnings=read.source.warnings,
    )


def _name(source: ModelSource) -> str:
    if isinstance(source, FileModel):
        return Path(source.path or "").name
    return source.name if isinstance(source, TimmModel) else f"sample {source.name}"
