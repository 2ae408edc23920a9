"""A QDQ graph as a torch module: its weights, biases and ranges are parameters, and it computes what the graph says."""

from collections.abc import Mapping

import onnx
import torch
from torch import Tensor, nn

from engine.techniques.quantize.qat.operators import OPERATORS, NotUnderstoodError
from engine.techniques.quantize.qat.plan import Plan, not_understood, plan
from engine.techniques.quantize.qat.rounding import FAKE, ROUNDING, along

RUN = OPERATORS | ROUNDING
TINY = 1e-6
"""For what is 0 throughout."""


class Network(nn.Module):
    """(N, C, H, W) float32 -> logits (N, classes), as the graph gives with its QuantizeLinear and DequantizeLinear.

    `floats` are weights and biases before they were rounded, by the names of their integers. Every parameter is
    relative, so that one learning rate suits all: where batch norms are folded, the channels of one layer differ a
    hundredfold. Scales are learnt as logarithms of what they become of the first (Jain et al.,
    https://arxiv.org/abs/1903.08066), weights in units of the largest that their channel's first range holds; zero
    points stay. Raises StepError for an operator that is not in the table.
    """

    def __init__(self, proto: onnx.ModelProto, floats: Mapping[str, Tensor], limit: int = 127) -> None:
        super().__init__()
        self.plan = plan(proto, limit)
        self.input, self.output = proto.graph.input[0].name, proto.graph.output[0].name
        self.places: dict[str, str] = {}
        """The attribute that holds an initializer, by its name."""
        units = _units(self.plan, floats)
        for number, (name, constant) in enumerate(self.plan.constants.items()):
            self.places[name] = f"value_{number}"
            if name not in units:
                self.register_buffer(f"value_{number}", constant, persistent=False)
                continue
            start = torch.zeros_like(constant) if name in self.plan.scales else floats.get(name, constant) / units[name]
            self.register_parameter(f"value_{number}", nn.Parameter(start))
            self.register_buffer(f"unit_{number}", units[name], persistent=False)

    def value(self, name: str) -> Tensor:
        """Of an initializer as it is now: a weight and bias in float, a scale, a constant."""
        kept: Tensor = getattr(self, self.places[name])
        unit: Tensor | None = getattr(self, self.places[name].replace("value", "unit"), None)
        if unit is None:
            return kept
        return unit * (kept.exp() if name in self.plan.scales else kept)

    def forward(self, images: Tensor) -> Tensor:
        values = {name: self.value(name) for name in self.places}
        values[self.input] = images
        for node in self.plan.nodes:
            given = [values[name] if name else None for name in node.inputs]
            try:
                made = RUN[node.operator](given, node.said)
            except NotUnderstoodError as error:
                raise not_understood(node, f"it {error}") from error
            values.update(zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=False))
            for name in node.done_with:
                del values[name]
        return values[self.output]


def _units(plan: Plan, floats: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What weights, biases and scales are learnt in; scales begin at just what they are, since images often fall right
    between two of their levels.

    A bias goes with the weights of its channel, at the ratio that the two have in its layer.
    """
    known = plan.constants
    units = {name: known[name].abs().max().clamp(min=TINY) for name in plan.floats}
    units |= {name: known[name] for name in plan.scales}
    for node in plan.nodes:
        if node.operator == FAKE and node.inputs[0] in known:
            weight, scale, _ = node.inputs
            units[weight] = along(node.said["axis"], known[scale], known[weight].ndim) * node.said["high"]
    for layer in plan.layers:
        if layer.bias:
            scales = known[layer.weight_scale].reshape(-1)
            units[layer.bias] = scales * (floats[layer.bias].abs() / scales).mean().clamp(min=TINY)
    return units
