"""What an uploaded model must be before it is kept: one sound file. Everything else is refused here."""

from pathlib import Path

from engine.errors import SourceError
from engine.models.onnx_source import whole_file
from engine.models.weights import read_state
from engine.results import ImportedFile, Note
from engine.settings import ImportRequest
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.store.uploads import safe_name

ONE_MODEL = "Upload one .onnx file, together with the files of its weights where it has any"
WEIGHTS_ENDINGS = (".data", "_data")
"""What exporters call the file of the weights beside a model."""


def import_file(request: ImportRequest, folder: JobFolder, progress: Progress) -> ImportedFile:
    """The uploaded model as one file, and what was done to it.

    An ONNX file is one that onnxruntime can load, with the weights of the files beside it taken in; whether it can be
    optimized is not asked here. Weights are tensors by name. Raises SourceError for anything else.
    """
    progress.emit("import", "read", 0.0, "looking into the file")
    if request.upload == "weights":
        path = folder.upload / _only(request.files)
        read_state(path)
        return _imported(folder, path)
    name = _model_name(request.files)
    path, used = whole_file(folder.upload / name, folder.path / "whole")
    return _imported(folder, path, *_notes(used, set(request.files) - {name, *map(safe_name, used)}))


def _imported(folder: JobFolder, path: Path, *notes: Note) -> ImportedFile:
    return ImportedFile(file=str(path.relative_to(folder.path)), notes=notes)


def _only(names: tuple[str, ...]) -> str:
    if len(names) != 1:
        raise SourceError(f"{len(names)} files were uploaded as weights", "Upload one file")
    return names[0]


def _model_name(names: tuple[str, ...]) -> str:
    """The file that holds the model: the only one, or the only one whose name ends in .onnx."""
    models = [name for name in names if name.lower().endswith(".onnx")] if len(names) > 1 else names
    if len(models) == 1 and models[0].lower().endswith(WEIGHTS_ENDINGS):
        raise SourceError(f"'{models[0]}' holds the weights of a model, and not the model itself", ONE_MODEL)
    if len(models) != 1:
        which = f"{len(models)} of them end in .onnx" if models else "none of them ends in .onnx"
        raise SourceError(f"{len(names)} files were uploaded, and {which}", ONE_MODEL)
    return models[0]


def _notes(used: tuple[str, ...], unused: set[str]) -> list[Note]:
    notes = []
    if used:
        text = f"The weights in {_listing(used)} were taken into the file itself: it is one file now."
        notes.append(Note(code="embedded", text=text))
    if unused:
        text = f"Not part of the model, and not kept: {_listing(sorted(unused))}."
        notes.append(Note(code="left_out", text=text))
    return notes


def _listing(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(map(repr, names))
