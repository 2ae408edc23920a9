"""Weights that an ONNX file keeps in files beside it: checked, then taken into the model.

A model comes from anyone, so its file names, offsets and lengths are believed only after they were checked here;
no library reads them.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import onnx
from onnx import TensorProto

from engine.errors import SourceError
from engine.models.tensors import model_tensors, tensor_bytes
from engine.store.uploads import safe_name
from engine.wording import many

MAX_BYTES = 2_000_000_000
"""The most that one ONNX file holds."""
ONE_FILE = "save the model as one file: onnx.save(onnx.load('model.onnx'), 'one_file.onnx')"
_CHECK = f"Check where the model comes from; if you trust it, {ONE_FILE}"
_MAX_NAME = 80
_MAX_LISTED = 20


def external_tensors(proto: onnx.ModelProto) -> list[TensorProto]:
    """The tensors of the model, subgraphs and functions included, whose values are in another file."""
    return [tensor for tensor in model_tensors(proto) if tensor.data_location == TensorProto.EXTERNAL]


def location(tensor: TensorProto) -> str:
    """The name of the other file, as the model writes it; '' where it names none."""
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def short(name: str) -> str:
    """A file name out of a model, fit to be shown."""
    return ascii(name[:_MAX_NAME])[1:-1]


def place(proto: onnx.ModelProto, folder: Path) -> None:
    """Moves uploaded files, whose names were made safe and have no folders, to where the model looks for its weights.

    Raises SourceError where it looks outside of the folder.
    """
    for name in sorted({location(tensor) for tensor in external_tensors(proto)}):
        path, uploaded = _inside(folder, name), folder / safe_name(name)
        if not os.path.lexists(path) and uploaded.is_file():
            with suppress(OSError):  # a file where a folder is to be: then it is missing
                path.parent.mkdir(parents=True, exist_ok=True)
                uploaded.rename(path)


def embed(proto: onnx.ModelProto, folder: Path) -> tuple[str, ...]:
    """Reads the external tensors from the files in `folder`, the model's own, and returns the names of these files.

    Raises SourceError where one is no plain file inside of the folder, where a tensor lies outside of its file or has
    another length than its shape, where tensors overlap, and where the whole is too much for one file.
    """
    tensors = external_tensors(proto)
    names = tuple(sorted({location(tensor) for tensor in tensors}))
    _check_present(names, folder)
    with ExitStack() as stack:
        files = {name: stack.enter_context(_open(folder, name)) for name in names}
        spans = [_span(tensor, os.fstat(files[location(tensor)].fileno()).st_size) for tensor in tensors]
        _check_sum(spans, sum(os.fstat(file.fileno()).st_size for file in files.values()))
        for tensor, (offset, length) in zip(tensors, spans, strict=True):
            file = files[location(tensor)]
            file.seek(offset)
            tensor.raw_data = file.read(length)
            del tensor.external_data[:]
            tensor.data_location = TensorProto.DEFAULT
    return names


def _inside(folder: Path, name: str) -> Path:
    """The path of a file that the model names. Raises SourceError where it is not inside of the folder."""
    parts = PurePosixPath(name).parts
    if not parts or "\0" in name or "\\" in name or ":" in name or PurePosixPath(name).is_absolute() or ".." in parts:
        raise SourceError(
            f"the model keeps weights in another file, '{short(name)}', which is not a file beside it", _CHECK
        )
    return folder.resolve() / name


def _check_present(names: tuple[str, ...], folder: Path) -> None:
    missing = [name for name in names if not os.path.lexists(_inside(folder, name))]
    if missing:
        listing = ", ".join(f"'{short(name)}'" for name in missing[:_MAX_LISTED])
        listing += f" and {len(missing) - _MAX_LISTED} more" if len(missing) > _MAX_LISTED else ""
        where, are = ("another file", "is") if len(missing) == 1 else (f"{len(missing)} other files", "are")
        raise SourceError(
            f"the model keeps weights in {where}, {listing}, which {are} not beside it",
            f"Also upload {listing} together with the model, or on the command line put what is missing beside it",
        )


def _open(folder: Path, name: str) -> BinaryIO:
    path = _inside(folder, name)
    if path.resolve() != path:
        raise SourceError(f"the model keeps weights behind a link, '{short(name)}'", _CHECK)
    status = path.lstat()  # before it is opened: a pipe would keep the process waiting for its other end
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        what = "under a second name (a hard link)" if stat.S_ISREG(status.st_mode) else "in no regular file"
        raise SourceError(f"the model keeps weights {what}, '{short(name)}'", _CHECK)
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"'{short(name)}' cannot be opened: {error.strerror}", "Check its permissions") from error


def _span(tensor: TensorProto, size: int) -> tuple[int, int]:
    """Offset and length in bytes, which are within a file of `size` bytes and fit the tensor's shape."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    expected = _n_bytes(tensor)
    try:
        offset, length = int(entries.get("offset") or 0), int(entries.get("length") or expected)
    except ValueError as error:
        raise _misplaced(tensor, "no number as its offset or length") from error
    if length != expected:
        raise _misplaced(tensor, f"{many(length, 'byte')}, and its shape needs {expected}")
    if offset < 0 or offset + length > size:
        raise _misplaced(tensor, f"bytes {offset} to {offset + length} of a file of {size}")
    return offset, length


def _n_bytes(tensor: TensorProto) -> int:
    if any(dim < 0 for dim in tensor.dims) or tensor.data_type == TensorProto.STRING:
        raise _misplaced(tensor, f"the shape {list(tensor.dims)[:8]} of type {tensor.data_type}")
    try:
        return tensor_bytes(tensor)
    except (KeyError, ValueError, TypeError) as error:
        raise _misplaced(tensor, f"the unknown type {tensor.data_type}") from error


def _misplaced(tensor: TensorProto, what: str) -> SourceError:
    return SourceError(
        f"the tensor '{short(tensor.name)}' is kept in '{short(location(tensor))}' with {what}",
        "The two files do not belong together, or one is damaged: copy or export both again",
    )


def _check_sum(spans: Iterable[tuple[int, int]], n_stored: int) -> None:
    total = sum(length for _, length in spans)
    if total > n_stored:
        raise SourceError(
            f"the model reads {total} bytes of weights out of files of {n_stored}: its tensors overlap", _CHECK
        )
    if total > MAX_BYTES:
        raise SourceError(
            f"the model has {total / 1e9:.1f} GB of weights, at most 2 GB can be read", "Choose a smaller model"
        )
