"""Weights that an ONNX file keeps in files beside it: checked, then taken into the model.

A model comes from anyone, so its file names, offsets and lengths are believed only after they were checked here;
no library reads them.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import onnx
from onnx import TensorProto

from engine.errors import SourceError
from engine.models.tensors import model_tensors, tensor_bytes
from engine.wording import many

MAX_BYTES = 2_000_000_000
"""The most that one ONNX file holds."""
ONE_FILE = "save the model as one file: onnx.save(onnx.load('model.onnx'), 'one_file.onnx')"
_CHECK = f"Check where the model comes from; if you trust it, {ONE_FILE}"
_MAX_NAME = 80


def external_tensors(proto: onnx.ModelProto) -> list[TensorProto]:
    """The tensors of the model, subgraphs and functions included, whose values are in another file."""
    return [tensor for tensor in model_tensors(proto) if tensor.data_location == TensorProto.EXTERNAL]


def location(tensor: TensorProto) -> str:
    """The name of the other file, as the model writes it; '' where it names none."""
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def short(name: str) -> str:
    """A file name out of a model, fit to be shown."""
    return ascii(name[:_MAX_NAME])[1:-1]


def embed(proto: onnx.ModelProto, folder: Path) -> tuple[str, ...]:
    """Reads the external tensors from the files in `folder`, the model's own, and returns the names of these files.

    Raises SourceError where one is no plain file inside of the folder, where a tensor lies outside of its file or has
    another length than its shape, where tensors overlap, and where the whole is too much for one file.
    """
    tensors = external_tensors(proto)
    names = tuple(sorted({location(tensor) for tensor in tensors}))
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


def _open(folder: Path, name: str) -> BinaryIO:
    parts = PurePosixPath(name).parts
    if not parts or "\0" in name or "\\" in name or ":" in name or PurePosixPath(name).is_absolute() or ".." in parts:
        raise SourceError(
            f"the model keeps weights in another file, '{short(name)}', which is not a file beside it", _CHECK
        )
    path = folder.resolve() / name
    if not os.path.lexists(path):
        raise SourceError(
            f"the model keeps weights in another file, '{short(name)}', which is not beside it",
            f"Put '{short(name)}' beside it and give the model's path; an upload is one file, so {ONE_FILE}",
        )
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
