"""What a model is: signature, parameters, MACs, operators, file size."""

from dataclasses import dataclass
from pathlib import Path

from engine import models
from engine.export.onnx_file import export_onnx
from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.graph import describe, load_proto, operators
from engine.models.graph_nodes import graph_nodes
from engine.models.traits import traits_of
from engine.results import ModelProfile, Origin, codes
from engine.settings import FileModel, ModelSource, Preprocess, ProfileRequest, TimmModel
from engine.store.folders import JobFolder
from engine.store.progress import Progress

SEED = 0


@dataclass(frozen=True)
class _LoadedModel:
    """The model as loaded, and its ONNX file."""

    source: TorchModel | OnnxModel
    file: OnnxModel


def profile(request: ProfileRequest, folder: JobFolder, progress: Progress) -> ModelProfile:
    """The model's profile; a torch model is exported first, into the job's working folder, and its file is profiled.

    Raises SourceError where the model cannot be had, ExportError where it cannot become an ONNX file.
    """
    folder.work.mkdir(parents=True, exist_ok=True)
    progress.emit("profile", "load", 0.0, "loading the model")
    source = models.load(request.model, request.preprocess, SEED, folder.work)
    progress.emit("profile", "export", 0.3, "exporting to ONNX")
    file = source if isinstance(source, OnnxModel) else export_onnx(source, folder.work / "profile.onnx")
    progress.emit("profile", "count", 0.9, "counting")
    return _profile_of(request.model, _LoadedModel(source, file))


def _profile_of(source: ModelSource, loaded: _LoadedModel) -> ModelProfile:
    proto = load_proto(loaded.file.path)
    inputs, outputs = describe(proto)
    return ModelProfile(
        **traits_of(loaded.source).model_dump(),
        name=_name(source),
        weights="file" if isinstance(loaded.source, OnnxModel) else loaded.source.weights_label,
        inputs=inputs,
        outputs=outputs,
        opset=loaded.file.opset,
        parameters=loaded.file.parameters,
        macs=loaded.file.macs,
        size_bytes=loaded.file.path.stat().st_size,
        layers=operators(proto),
        classes=loaded.file.classes,
        n_outputs=loaded.file.n_outputs,
        preprocess=loaded.file.preprocess,
        preprocess_origins=_origins(loaded.source),
        warnings=loaded.source.warnings,
        graph=graph_nodes(proto, _image_axes(loaded.file)),
        input_specs=loaded.file.input_specs,
        output_names=loaded.file.output_names,
    )


def _origins(model: TorchModel | OnnxModel) -> dict[str, Origin]:
    """Where each field of the preprocessing comes from; empty where it belongs to weights that were published."""
    if isinstance(model, OnnxModel):
        return dict(model.preprocess_origins)
    is_assumed = any(note.code == codes.PREPROCESS_ASSUMED for note in model.warnings)
    return dict.fromkeys(Preprocess.model_fields, "assumed") if is_assumed else {}


def _name(source: ModelSource) -> str:
    if isinstance(source, FileModel):
        return Path(source.path or "").name
    return source.name if isinstance(source, TimmModel) else f"sample {source.name}"


def _image_axes(model: OnnxModel) -> tuple[int, ...] | None:
    """The axes of an image after the batch, in the graph's order; None of other inputs."""
    if model.inputs:
        return None
    return tuple(length for length in model.input_specs[0].shape if isinstance(length, int))
