"""What a setting that was left empty means for this kind of network: one small table."""

from typing import Literal, NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.results import Note
from engine.settings.training import Optimizer, Training

Family = Literal["convolutional", "layer-normalised", "transformer"]


class Defaults(NamedTuple):
    """Peak learning rates by optimizer, for batches of about 64 images, and the weight decay."""

    words: str
    adamw: float
    sgd: float
    lamb: float
    weight_decay: float


FAMILIES: dict[Family, Defaults] = {
    "convolutional": Defaults("a convolutional network", adamw=1e-3, sgd=5e-2, lamb=5e-3, weight_decay=0.05),
    "layer-normalised": Defaults("a network with layer norms", adamw=1e-3, sgd=2e-2, lamb=5e-3, weight_decay=0.05),
    "transformer": Defaults("a transformer", adamw=5e-4, sgd=1e-2, lamb=3e-3, weight_decay=0.05),
}
OPTIMIZER: Optimizer = "adamw"


def family_of(module: nn.Module) -> Family:
    """By its layers, so that any module has a family: batch norm or no norm at all, or layer norm with attention or
    without (ConvNeXt, mixers)."""
    layers = list(module.modules())
    if any(isinstance(layer, _BatchNorm) for layer in layers):
        return "convolutional"
    if not any(isinstance(layer, nn.LayerNorm | nn.GroupNorm) for layer in layers):
        return "convolutional"
    return "transformer" if any("Attention" in type(layer).__name__ for layer in layers) else "layer-normalised"


class Chosen(NamedTuple):
    """What training uses, nothing left open; `note` says which of it was chosen here, None where nothing was."""

    optimizer: Optimizer
    learning_rate: float
    weight_decay: float
    note: Note | None


def chosen(module: nn.Module, settings: Training) -> Chosen:
    """The settings as asked, and the family's where they were left empty."""
    row = FAMILIES[family_of(module)]
    optimizer = settings.optimizer or OPTIMIZER
    rate = settings.learning_rate if settings.learning_rate is not None else getattr(row, optimizer)
    decay = settings.weight_decay if settings.weight_decay is not None else row.weight_decay
    left = {
        "optimizer": (settings.optimizer, optimizer),
        "learning rate": (settings.learning_rate, f"{rate:g}"),
        "weight decay": (settings.weight_decay, f"{decay:g}"),
    }
    words = ", ".join(f"{name} {value}" for name, (asked, value) in left.items() if asked is None)
    note = Note(code="family_defaults", text=f"Left empty, and chosen for {row.words}: {words}") if words else None
    return Chosen(optimizer, rate, decay, note)
