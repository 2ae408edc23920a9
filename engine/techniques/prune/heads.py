"""Attention heads: prepared for tracing before a cut; and widths that layers keep as attributes, set after it."""

from typing import Any

from torch import nn

WIDTH_ATTRIBUTES = ("groups", "in_chs")
"""Attributes in which blocks that timm reparameterises keep the width of their first convolution."""


def attentions(module: nn.Module) -> list[Any]:
    """The self-attentions with one layer for queries, keys and values that split it by `num_heads`."""
    return [layer for layer in module.modules() if _splits_by_heads(layer)]


def _splits_by_heads(layer: Any) -> bool:
    qkv, num_heads = getattr(layer, "qkv", None), getattr(layer, "num_heads", None)
    return isinstance(qkv, nn.Linear) and isinstance(num_heads, int) and qkv.out_features % (3 * num_heads) == 0


def unfuse(module: nn.Module) -> None:
    """Computes attention as matrix products, in place: they can be traced, and keep the scale of the full width."""
    layer: Any
    for layer in module.modules():
        if hasattr(layer, "fused_attn"):
            layer.fused_attn = False


def update_widths(module: nn.Module) -> None:
    """Sets the attributes in which layers keep their widths, which a cut of tensors does not change."""
    for layer in attentions(module):
        width = layer.qkv.out_features // 3
        _set(layer, head_dim=width // layer.num_heads, attn_dim=width)
    for layer in module.modules():
        if hasattr(layer, "reparameterize") and any(
            isinstance(getattr(layer, name, None), int) for name in WIDTH_ATTRIBUTES
        ):
            _update_branches(layer)
        scale, shape = getattr(layer, "scale", None), getattr(layer, "shape", None)
        if isinstance(scale, nn.Parameter) and isinstance(shape, tuple):  # MetaFormer's scales of a branch
            _set(layer, shape=(scale.numel(), *shape[1:]))


def _update_branches(layer: nn.Module) -> None:
    """Sets what timm reads to merge the branches of a RepVGG, MobileOne, FastViT or LCNetV2 block."""
    convs = [conv for name, conv in layer.named_modules() if isinstance(conv, nn.Conv2d) and not name.startswith("se.")]
    if convs:
        conv = convs[0]
        _set(
            layer,
            groups=conv.groups,
            in_chs=conv.in_channels,
            out_chs=conv.out_channels,
            dim=conv.in_channels,
            dim_out=conv.out_channels,
        )


def _set(layer: nn.Module, **values: object) -> None:
    for attribute, value in values.items():
        if hasattr(layer, attribute):
            setattr(layer, attribute, value)
