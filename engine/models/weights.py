"""The tensors of a checkpoint by name: from safetensors or torch.save, out of what trainings wrap around them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.errors import SourceError
from engine.models.file_format import MAX_SAFETENSORS_HEADER
from engine.models.torch_file import SAVE_STATE, read_torch
from engine.results import Note, codes
from engine.wording import many

State = dict[str, torch.Tensor]

AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")
_TRAINED = ("state_dict", "model_state_dict", "model", "module", "network", "net", "weights", "params")
_DEPTH = 3
_INSERTED = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
_MAX_NAMED = 3


def read_state(path: Path) -> tuple[State, tuple[Note, ...]]:
    """Tensors by name from safetensors or a state dict of torch.save, and notes on what was unwrapped.

    Where a checkpoint holds averaged weights (EMA) beside those of the last step, the averaged ones are taken: they
    are what trainings report and publish. Raises SourceError for a missing, damaged or empty file, a whole module,
    TorchScript, an exported program, and quantized or sparse tensors.
    """
    if not path.is_file():
        raise SourceError(f"there is no weights file '{path}'", "Check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"'{path.name}' is empty", "Copy or save the weights again")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else read_torch(path)
    return _unwrap(content, path.name)


def shortened(names: list[str]) -> str:
    """The first few names, with an ellipsis where there are more."""
    return ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")


def shapes(state: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """The tensors' shapes by name."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _read_safetensors(path: Path) -> State:
    _check_header(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise SourceError(
            f"'{path.name}' is not a whole safetensors file: {error}", "Copy or save the weights again"
        ) from error


def _check_header(path: Path) -> None:
    """Raises SourceError where the header names a tensor twice, of which the library takes the last one silently."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) < len(pairs):
            raise SourceError(
                f"'{path.name}' is not a whole safetensors file: a name stands twice in it",
                "Copy or save the weights again",
            )
        return dict(pairs)

    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        header = file.read(min(n_header, MAX_SAFETENSORS_HEADER))
    with suppress(ValueError, RecursionError):  # no JSON: the library says so
        json.loads(header, object_pairs_hook=unique)


def _unwrap(content: object, name: str) -> tuple[State, tuple[Note, ...]]:
    found = next(_state_dicts(content, (), _DEPTH), None)
    content, keys = found if found is not None else (content, ())
    if not isinstance(content, dict) or not content:
        raise SourceError(f"'{name}' holds no weights by name", SAVE_STATE)
    others = [str(key) for key, value in content.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise SourceError(f"'{name}' is no state dict: not tensors are {shortened(others)}", SAVE_STATE)
    _refuse_unusual(content, name)
    state = {_without_inserted(str(key)): value for key, value in content.items()}
    removed = [part for part in _INSERTED if any(part in str(key) for key in content)]
    notes = [_wrapper_note(name, keys)] if keys else []
    if removed:
        parts = " and ".join(f"'{part}'" for part in removed)
        notes.append(Note(code=codes.WEIGHTS_PREFIX, text=f"{parts} in the weights' names was removed."))
    return state, tuple(notes)


def _state_dicts(
    content: object, keys: tuple[str, ...], depth: int
) -> Iterator[tuple[dict[object, object], tuple[str, ...]]]:
    """The dicts of tensors inside a checkpoint and the keys that lead there, the best one first."""
    if not isinstance(content, dict):
        return
    if any(isinstance(value, torch.Tensor) for value in content.values()):
        yield content, keys
    elif depth:
        for key in (*AVERAGED, *_TRAINED):
            yield from _state_dicts(content.get(key), (*keys, key), depth - 1)


def _wrapper_note(name: str, keys: tuple[str, ...]) -> Note:
    averaged = ", the averaged weights" if set(keys) & set(AVERAGED) else ""
    return Note(
        code=codes.WEIGHTS_UNWRAPPED, text=f"'{name}' is a checkpoint: its '{'.'.join(keys)}' was taken{averaged}."
    )


def _refuse_unusual(state: Mapping[object, object], name: str) -> None:
    """Raises SourceError for tensors that are no plain numbers in memory."""
    tensors = {str(key): value for key, value in state.items() if isinstance(value, torch.Tensor)}
    quantized = [key for key, value in tensors.items() if value.is_quantized]
    if quantized:
        raise SourceError(
            f"'{name}' holds {many(len(quantized), 'quantized tensor')} ({shortened(quantized)}), and a network is "
            "loaded in floating point",
            "Save the state dict of the network before it is quantized",
        )
    unusual = [key for key, value in tensors.items() if value.layout is not torch.strided or value.is_meta]
    if unusual:
        raise SourceError(
            f"'{name}' holds {many(len(unusual), 'tensor')} that are sparse or without values ({shortened(unusual)})",
            "Save the state dict with dense tensors",
        )
    repeated = [
        key for key, value in tensors.items() if value.numel() * value.element_size() > value.untyped_storage().nbytes()
    ]
    if repeated:
        raise SourceError(
            f"'{name}' holds {many(len(repeated), 'tensor')} of more values than are stored ({shortened(repeated)})",
            "Save the state dict with contiguous tensors: tensor.contiguous()",
        )


def _without_inserted(key: str) -> str:
    """The key without the parts that torch.compile, FSDP and activation checkpointing put into it."""
    for part in _INSERTED:
        key = key.replace(part, "")
    return key
