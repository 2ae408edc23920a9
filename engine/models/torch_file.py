"""Reads what torch.save wrote, without ever running what is in it: tensors and plain values, nothing else.

Trainings put settings and scores beside the weights: an argparse.Namespace, numpy scalars, paths. Objects of the
classes below are read as empty stand-ins, so that neither the class nor its library is imported or called.
"""

import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

from engine.errors import SourceError

SAVE_STATE = "Save the state dict: torch.save(model.state_dict(), 'weights.pt'), or as safetensors"

# What torch.load raises for bytes that it did not write.
_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)


class StandIn:
    """In place of an object that is no tensor; it takes any arguments and any state, and keeps none."""

    def __new__(cls, *arguments: object) -> "StandIn":
        return super().__new__(cls)

    def __init__(self, *arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _DictStandIn:
    """In place of a class derived from dict: what comes out is an OrderedDict, the one that takes attributes too."""

    def __new__(cls, *arguments: object) -> OrderedDict[object, object]:  # type: ignore[misc]
        return OrderedDict()


_OBJECTS = (
    "argparse.Namespace",
    *(f"builtins.{name}" for name in ("bool", "float", "int", "list", "object", "str", "tuple")),
    *(f"datetime.{name}" for name in ("date", "datetime", "timedelta", "timezone")),
    *(f"numpy.{name}" for name in ("dtype", "ndarray")),
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *(f"omegaconf.base.{name}" for name in ("ContainerMetadata", "Metadata")),
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    *(f"omegaconf.nodes.{kind}Node" for kind in ("Any", "Boolean", "Float", "Integer", "String")),
    *(
        f"{module}.{kind}Path"
        for module in ("pathlib", "pathlib._local")
        for kind in ("Posix", "PurePosix", "PureWindows", "Windows")
    ),
    "types.SimpleNamespace",
    "typing.Any",
)
_DICTS = (
    "builtins.dict",
    "collections.defaultdict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "yacs.config.CfgNode",
)
_STAND_INS = [*((StandIn, name) for name in _OBJECTS), *((_DictStandIn, name) for name in _DICTS)]


def read_torch(path: Path) -> object:
    """What torch.save was given, its tensors on the CPU and every object of a listed class a stand-in.

    Raises SourceError for a damaged file, other Python objects, TorchScript and an exported program.
    """
    _check_archive(path)
    try:
        with torch.serialization.safe_globals(list(_STAND_INS)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not _is_pickle(path):
            raise _not_pytorch(path) from error
        raise SourceError(
            f"'{path.name}' holds Python objects, not only weights; loading those could run anything", SAVE_STATE
        ) from error
    except _DAMAGED as error:
        raise _not_pytorch(path) from error


def _is_pickle(path: Path) -> bool:
    """Whether it begins as a zip or as a pickle of protocol 2 or later: torch.save writes one of these."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _not_pytorch(path: Path) -> SourceError:
    return SourceError(f"'{path.name}' is not a PyTorch file, or is damaged", "Copy or save the weights again")


def _check_archive(path: Path) -> None:
    """Raises SourceError for TorchScript and exported programs, which are zip archives as state dicts are.

    So it does for an archive that would be larger unpacked: a few bytes could become any number in memory.
    """
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise SourceError(f"'{path.name}' is a damaged archive", "Copy or save the weights again") from error
    names = [Path(entry.filename).name for entry in entries]
    if "constants.pkl" in names:
        raise SourceError(f"'{path.name}' is TorchScript, a program rather than weights", SAVE_STATE)
    if "archive_format" in names or "serialized_exported_program.json" in names or path.suffix == ".pt2":
        raise SourceError(f"'{path.name}' is an exported program (.pt2) rather than weights", SAVE_STATE)
    is_compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if is_compressed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise SourceError(
            f"'{path.name}' is a compressed archive, or claims more bytes than it has: torch.save compresses nothing",
            f"Unpack it, if it holds a weights file. {SAVE_STATE}",
        )
