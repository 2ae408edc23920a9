"""The differences between a network with changed widths and its architecture, as plain data."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

Value = int | float | str | bool | tuple[int, ...]
Change = tuple[str, str, Value]
"""A layer's name ('' is the network itself), an attribute, and its value, such as ('layer1.0.conv1', 'groups', 8)."""


def changes(before: nn.Module, after: nn.Module) -> tuple[Change, ...]:
    """The attributes of `after`, a network of the same layers as `before`, that have another value there."""
    layers = dict(before.named_modules())
    differences = [
        (name, attribute, value)
        for name, layer in after.named_modules()
        for attribute, value in _plain(layer)
        if name in layers and value != _as_plain(getattr(layers[name], attribute, None))
    ]
    return tuple(sorted(differences, key=lambda change: change[:2]))


def apply_changes(module: nn.Module, structure: tuple[Change, ...], state: Mapping[str, torch.Tensor]) -> None:
    """Set the changed attributes of `module`, and give its tensors their shapes in `state`, without values."""
    for name, attribute, value in structure:
        layer = module.get_submodule(name)
        old = getattr(layer, attribute, None)
        setattr(layer, attribute, list(value) if isinstance(old, list) and isinstance(value, tuple) else value)
    for name, tensor in state.items():
        path, _, tensor_name = name.rpartition(".")
        layer = module.get_submodule(path)
        if tensor_name in layer._buffers:
            layer._buffers[tensor_name] = torch.empty_like(tensor)
        elif tensor_name in layer._parameters:
            layer._parameters[tensor_name] = nn.Parameter(
                torch.empty_like(tensor), requires_grad=tensor.is_floating_point()
            )


def _plain(layer: nn.Module) -> Iterator[tuple[str, Value]]:
    for attribute, value in vars(layer).items():
        plain = _as_plain(value)
        if not attribute.startswith("_") and attribute != "training" and plain is not None:
            yield attribute, plain


def _as_plain(value: object) -> Value | None:
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, tuple | list) and all(isinstance(part, int) for part in value):
        return tuple(value)
    return None
