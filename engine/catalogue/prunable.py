"""The timm architectures that channel pruning refuses, and what to do instead; see docs/pruning.md."""

from engine.catalogue import entries, entry
from engine.results import CatalogueEntry

TOO_SLOW = "finding out which of its channels go together takes minutes"
UNKNOWN = "which of its channels go together cannot be told"

RESISTS: dict[str, str] = {
    "coatnet": TOO_SLOW,
    "cs3darknet_focus_l": UNKNOWN,
    "cs3darknet_focus_m": UNKNOWN,
    "cs3darknet_focus_s": UNKNOWN,
    "cs3darknet_focus_x": UNKNOWN,
    "efficientformer v2": TOO_SLOW,
    "efficientvit msra": TOO_SLOW,
    "mvitv2": TOO_SLOW,
    "rexnet": TOO_SLOW,
    "shvit": UNKNOWN,
    "sknet": UNKNOWN,
    "test_coatnet": TOO_SLOW,
    "visformer": TOO_SLOW,
    "xcit": TOO_SLOW,
}
"""The reason by family, architecture, or the first word of an architecture's name."""


def resists(name: str) -> str | None:
    """Why the architecture of this name, with or without a pretrained tag, cannot be pruned; None where it can."""
    architecture = entry(name)
    if architecture is None:
        return None
    names = (architecture.name, architecture.family, architecture.name.partition("_")[0])
    return next((RESISTS[name] for name in names if name in RESISTS), None)


def narrower(name: str) -> CatalogueEntry | None:
    """The largest architecture of its family with at most half of its MACs, or None where there is none."""
    architecture = entry(name)
    if architecture is None:
        return None
    smaller = [
        one for one in entries().values() if one.family == architecture.family and one.macs <= architecture.macs / 2
    ]
    return max(smaller, key=lambda one: one.macs, default=None)
