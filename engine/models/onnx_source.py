"""Models from an ONNX file of the user's."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import onnx

from engine.errors import SourceError
from engine.models.artifacts import OnnxModel, file_sha256
from engine.models.counts import settle
from engine.models.doubles import runs_in_single_alone, to_single
from engine.models.external_data import embed, place
from engine.models.graph import OUTPUT_KEY, TASK_KEY, parse_proto, read_onnx, write_entry
from engine.models.rewrite import bakes_batch, fix_batch, raise_format, rename_duplicates, separate_weights
from engine.results import Note, codes
from engine.settings import FileModel, Preprocess
from engine.store.home import require_room
from engine.wording import many


def load_file(source: FileModel, preprocess: Preprocess | None, folder: Path) -> OnnxModel:
    """The model in the file; where the file has to be rewritten, in a copy in `folder`, with a warning.

    Raises SourceError where it is none, or not the one that the recipe names.
    """
    if source.path is None:
        raise SourceError(f"the upload {source.sha256} is not in this home", "Upload the file again")
    path = Path(source.path)
    proto = parse_proto(path)
    if source.sha256 not in (None, file_sha256(path)):
        raise SourceError(
            f"'{path.name}' is not the file that the recipe names by its SHA-256",
            "Choose the file again, or correct its sum",
        )
    copy = _Copy(proto, folder / "read" / path.name)
    changes = _rewrite(proto, path.parent, source)
    read = partial(
        read_onnx,
        preprocess=preprocess,
        output=source.output,
        task=source.task,
        size=source.size,
        folder=path.parent,
    )
    model = read(copy.write() if changes else path)
    if model.batch is None and bakes_batch(model, proto):
        fix_batch(proto, 1)
        changes.append("it declares any batch and can only answer one example a call, so its batch is 1")
        model = read(copy.write())
    return replace(model, warnings=(*model.warnings, *_rewritten_note(changes)))


def whole_file(path: Path, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """An uploaded model as one file, and the names of the files beside it whose weights it took in.

    That is `path` itself where it is whole, else a copy in `folder`. Raises SourceError where it is no ONNX model that
    onnxruntime can load, or where its weights are not all there.
    """
    proto = parse_proto(path)
    place(proto, path.parent)
    names = embed(proto, path.parent)
    whole = _Copy(proto, folder / path.name).write() if names else path
    _rewrite(proto, path.parent, FileModel(path=str(path)))
    settle(proto)
    return whole, names


@dataclass(frozen=True)
class _Copy:
    proto: onnx.ModelProto
    path: Path

    def write(self) -> Path:
        """Raises LimitError where the disk has no room for it."""
        self.path.parent.mkdir(exist_ok=True)
        require_room(self.path.parent, self.proto.ByteSize(), "reading this model")
        onnx.save(self.proto, self.path)
        return self.path


def _rewrite(proto: onnx.ModelProto, folder: Path, source: FileModel) -> list[str]:
    """Changes the model into one that every step can take, and says what was changed."""
    changes = []
    if files := embed(proto, folder):
        changes.append(f"the weights in {', '.join(map(repr, files))} are in the file itself")
    if n_weights := separate_weights(proto):
        changes.append(f"{many(n_weights, 'tensor')} of weights among its inputs can no longer be replaced at a call")
    if raise_format(proto):
        changes.append(f"its format is of IR version {proto.ir_version}")
    if n_nodes := rename_duplicates(proto):
        changes.append(f"{many(n_nodes, 'node')} had the name of another, or none, and got one")
    if runs_in_single_alone(proto):
        to_single(proto)
        changes.append(
            "its 64-bit floats are 32-bit ones, since onnxruntime does not have all of its layers in 64 bits"
        )
    if source.output is not None and len(proto.graph.output) > 1:
        write_entry(proto, OUTPUT_KEY, source.output)
        changes.append(f"it says that its main output is '{source.output}'")
    if source.task is not None:
        write_entry(proto, TASK_KEY, source.task)
        changes.append(f"it says that it is asked for {source.task}")
    return changes


def _rewritten_note(changes: list[str]) -> tuple[Note, ...]:
    text = f"The model was rewritten when it was read, and computes the same: {'; '.join(changes)}"
    return (Note(code=codes.REWRITTEN, text=text),) if changes else ()
