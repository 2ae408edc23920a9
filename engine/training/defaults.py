"""The optimizer, learning rate and weight decay of each kind of network, where the settings leave them empty."""

from typing import Literal, NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.results import Note
from engine.settings.training import Optimizer, Training

Family = Literal["convolutional", "layer-normalised", "transformer"]


class Defaults(NamedTuple):
    """Peak learning rates by optimizer, for batches of about 64 images, and the weight decay."""

    description: str
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
    """The family of any module, by its layers.

    Batch norm or no norm at all is convolutional; layer norm is a transformer with attention, and layer-normalised
    without (ConvNeXt, mixers).
    """
    layers = list(module.modules())
    if any(isinstance(layer, _BatchNorm) for layer in layers):
        return "convolutional"
    if not any(isinstance(layer, nn.LayerNorm | nn.GroupNorm) for layer in layers):
        return "convolutional"
    return "transformer" if any("Attention" in type(layer).__name__ for layer in layers) else "layer-normalised"


class OptimizerSettings(NamedTuple):
    """The optimizer's settings, all filled in; `note` says which of them are defaults, None where none is."""

    optimizer: Optimizer
    learning_rate: float
    weight_decay: float
    note: Note | None


def fill_defaults(module: nn.Module, settings: Training) -> OptimizerSettings:
    """The settings, with the defaults of the module's family where they are empty."""
    row = FAMILIES[family_of(module)]
    optimizer = settings.optimizer or OPTIMIZER
    rate = settings.learning_rate if settings.learning_rate is not None else getattr(row, optimizer)
    decay = settings.weight_decay if settings.weight_decay is not None else row.weight_decay
    values = {
        "optimizer": (settings.optimizer, optimizer),
        "learning rate": (settings.learning_rate, f"{rate:g}"),
        "weight decay": (settings.weight_decay, f"{decay:g}"),
    }
    defaults = ", ".join(f"{name} {default}" for name, (setting, default) in values.items() if setting is None)
    note = (
        Note(code="family_defaults", text=f"Left empty, and chosen for {row.description}: {defaults}")
        if defaults
        else None
    )
    return OptimizerSettings(optimizer, rate, decay, note)
