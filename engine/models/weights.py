"""Weights from a local file, and whether they fit a network. Only tensors are ever unpickled."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.errors import SourceError
from engine.results import Note

State = dict[str, torch.Tensor]

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")
_PREFIXES = ("_orig_mod.", "module.")
_SAVE_STATE = "Save the state dict: torch.save(model.state_dict(), 'weights.pt'), or as safetensors"
_MAX_NAMED = 3


def read_state(path: Path) -> tuple[State, tuple[Note, ...]]:
    """Tensors by name from safetensors or a state dict of torch.save, and notes on what was unwrapped.

    Raises SourceError for a missing, damaged or empty file, a whole module, TorchScript and an exported program.
    """
    if not path.is_file():
        raise SourceError(f"there is no weights file '{path}'", "Check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"'{path.name}' is empty", "Copy or save the weights again")
    if path.suffix == ".safetensors":
        return _unwrap(_read_safetensors(path), path.name)
    _refuse_programs(path)
    return _unwrap(_read_torch(path), path.name)


def load_state(module: torch.nn.Module, state: Mapping[str, torch.Tensor], name: str) -> tuple[Note, ...]:
    """Put the tensors into the module, in its own types. Raises SourceError with the difference where they do not fit.

    A note says where values are not finite.
    """
    _check_fit(module.state_dict(), state, name)
    module.load_state_dict(dict(state))
    return not_finite(module)


def not_finite(module: torch.nn.Module) -> tuple[Note, ...]:
    """A warning where weights are NaN or infinite."""
    floats = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
    names = [name for name, value in floats.items() if not value.isfinite().all()]
    text = f"Values in {_count(names, 'tensor')} of the weights are NaN or infinite: no accuracy can be trusted."
    return (Note(code="weights_not_finite", text=text),) if names else ()


def _read_safetensors(path: Path) -> State:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise SourceError(
            f"'{path.name}' is not a whole safetensors file: {error}", "Copy or save the weights again"
        ) from error


def _read_torch(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not _is_pickle(path):
            raise _not_pytorch(path) from error
        raise SourceError(
            f"'{path.name}' holds Python objects, not only weights; loading those could run anything", _SAVE_STATE
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise _not_pytorch(path) from error


def _is_pickle(path: Path) -> bool:
    """Whether it begins as a zip or as a pickle of protocol 2 or later: torch.save writes one of these."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _not_pytorch(path: Path) -> SourceError:
    return SourceError(f"'{path.name}' is not a PyTorch file, or is damaged", "Copy or save the weights again")


def _refuse_programs(path: Path) -> None:
    """Raises SourceError for TorchScript and exported programs, which are zip archives as state dicts are."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [Path(name).name for name in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise SourceError(f"'{path.name}' is a damaged archive", "Copy or save the weights again") from error
    if "constants.pkl" in names:
        raise SourceError(f"'{path.name}' is TorchScript, a program rather than weights", _SAVE_STATE)
    if "archive_format" in names or "serialized_exported_program.json" in names or path.suffix == ".pt2":
        raise SourceError(f"'{path.name}' is an exported program (.pt2) rather than weights", _SAVE_STATE)


def _unwrap(content: object, name: str) -> tuple[State, tuple[Note, ...]]:
    content, wrapper = _find_state_dict(content)
    if not isinstance(content, dict) or not content:
        raise SourceError(f"'{name}' holds no weights by name", _SAVE_STATE)
    others = [str(key) for key, value in content.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise SourceError(f"'{name}' is no state dict: not tensors are {_shortened(others)}", _SAVE_STATE)
    state = {_strip_prefixes(str(key)): value for key, value in content.items()}
    notes = []
    if wrapper:
        notes.append(Note(code="weights_unwrapped", text=f"'{name}' is a checkpoint: its '{wrapper}' was taken."))
    if set(state) != set(content):
        notes.append(
            Note(code="weights_prefix", text="'module.' or '_orig_mod.' before the weights' names was removed.")
        )
    return state, tuple(notes)


def _find_state_dict(content: object) -> tuple[object, str]:
    """The state dict inside a checkpoint and the key that it was under, or the content itself and no key."""
    if isinstance(content, dict):
        for key in _WRAPPERS:
            if isinstance(content.get(key), dict):
                return content[key], key
    return content, ""


def _strip_prefixes(key: str) -> str:
    """The key without the prefixes of data parallelism and torch.compile, in either order."""
    while key.startswith(_PREFIXES):
        key = key.partition(".")[2]
    return key


def _check_fit(expected: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], name: str) -> None:
    missing, unknown = [key for key in expected if key not in state], [key for key in state if key not in expected]
    other_shape = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(value.shape)}"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    difference = {"missing": missing, "unknown": unknown, "of another shape": other_shape}
    parts = [f"{_count(names, 'tensor')} {kind}: {_shortened(names)}" for kind, names in difference.items() if names]
    if parts:
        raise SourceError(
            f"the weights '{name}' do not fit this architecture: {'; '.join(parts)}",
            "Choose the architecture, the number of classes (num_classes) and the number of channels "
            "(in_chans) that they were trained with",
        )


def _count(names: list[str], noun: str) -> str:
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}"


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")
