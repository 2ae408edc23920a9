"""What tells a network with changed widths from the architecture it came from, as plain data."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

Value = int | float | str | bool | tuple[int, ...]
Change = tuple[str, str, Value]
"""A layer's name ('' is the network itself), an attribute, and its value, such as ('layer1.0.conv1', 'groups', 8)."""


def changes(before: nn.Module, after: nn.Module) -> tuple[Change, ...]:
    """The attributes of `after`, a network of the same layers as `before`, that have another value there."""
    layers = dict(before.named_modules())
    found = [
        (name, attribute, value)
        for name, layer in after.named_modules()
        for attribute, value in _plain(layer)
        if name in layers and value != _as_plain(getattr(layers[name], attribute, None))
    ]
    return tuple(sorted(found, key=lambda change: change[:2]))


def apply_changes(module: nn.Module, structure: tuple[Change, ...], state: Mapping[str, torch.Tensor]) -> None:
    """Give `module` the attributes, and its tensors the shapes that they have in `state`, with no values yet."""
    for name, attribute, value in structure:
        layer = module.get_submodule(name)
        old = getattr(layer, attribute, None)
        setattr(layer, attribute, list(value) if isinstance(old, list) and isinstance(value, tuple) else value)
    for name, tensor in state.items():
        path, _, own = name.rpartition(".")
        layer = module.get_submodule(path)
        if own in layer._buffers:
            layer._buffers[own] = torch.empty_like(tensor)
        elif own in layer._parameters:
            layer._parameters[own] = nn.Parameter(torch.empty_like(tensor), requires_grad=tensor.is_floating_point())


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
