"""Attention: what the dependency graph must know of heads before a cut, and what layers say of widths after it."""

from typing import Any

from torch import nn


def attentions(module: nn.Module) -> list[Any]:
    """The self-attentions with one layer for queries, keys and values that split it by `num_heads`."""
    return [
        layer
        for layer in module.modules()
        if isinstance(getattr(layer, "qkv", None), nn.Linear)
        and isinstance(getattr(layer, "num_heads", None), int)
        and layer.qkv.out_features % (3 * layer.num_heads) == 0
    ]


def unfuse(module: nn.Module) -> None:
    """Attention as matrix products, whose dependencies can be traced and whose scale stays that of the whole width."""
    for layer in module.modules():
        if hasattr(layer, "fused_attn"):
            layer.fused_attn = False  # type: ignore[assignment]


def mend(module: nn.Module) -> None:
    """Set what layers keep of their widths beside their tensors, which the cut does not know."""
    for layer in attentions(module):
        width = layer.qkv.out_features // 3
        for attribute, value in (("head_dim", width // layer.num_heads), ("attn_dim", width)):
            if hasattr(layer, attribute):
                setattr(layer, attribute, value)
    for layer in module.modules():
        scale, shape = getattr(layer, "scale", None), getattr(layer, "shape", None)
        if isinstance(scale, nn.Parameter) and isinstance(shape, tuple):  # MetaFormer's scales of a branch
            layer.shape = (scale.numel(), *shape[1:])  # type: ignore[assignment]
