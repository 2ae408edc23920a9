"""A QDQ graph as a torch module: its weights, biases and ranges are parameters, and it computes what the graph says."""

from collections.abc import Mapping

import onnx
import torch
from torch import Tensor, nn

from engine.techniques.quantize.qat.operators import OPERATORS, UnsupportedError
from engine.techniques.quantize.qat.plan import Plan, plan, unsupported
from engine.techniques.quantize.qat.rounding import FAKE, ROUNDING, along

IMPLEMENTATIONS = OPERATORS | ROUNDING
_MISFITS = (TypeError, ValueError, LookupError, AttributeError)
"""What Python and torch raise where an operator gets inputs of another kind than its row in the table expects."""
TINY = 1e-6
"""The smallest unit, for weights that are all 0."""


class Network(nn.Module):
    """(N, C, H, W) float32 -> logits (N, classes), as the graph gives with its QuantizeLinear and DequantizeLinear.

    `floats` are weights and biases before they were rounded, by the names of their integers. Every parameter is
    relative, so that one learning rate suits all: where batch norms are folded, the channels of one layer differ a
    hundredfold. Scales are learnt as logarithms of their ratio to the first value (Jain et al.,
    https://arxiv.org/abs/1903.08066), weights in units of the largest value in their channel's first range; zero
    points stay fixed. `output` names the class scores where the graph has several outputs. Raises StepError for an
    operator that is not in the table.
    """

    def __init__(
        self, proto: onnx.ModelProto, floats: Mapping[str, Tensor], limit: int = 127, output: str | None = None
    ) -> None:
        super().__init__()
        self.plan = plan(proto, limit)
        self.input, self.output = proto.graph.input[0].name, output or proto.graph.output[0].name
        self.attribute_names: dict[str, str] = {}
        """By the name of an initializer, the attribute that holds it."""
        units = _units(self.plan, floats)
        for number, (name, constant) in enumerate(self.plan.constants.items()):
            self.attribute_names[name] = f"value_{number}"
            if name not in units:
                self.register_buffer(f"value_{number}", constant, persistent=False)
                continue
            start = torch.zeros_like(constant) if name in self.plan.scales else floats.get(name, constant) / units[name]
            self.register_parameter(f"value_{number}", nn.Parameter(start))
            self.register_buffer(f"unit_{number}", units[name], persistent=False)

    def value(self, name: str) -> Tensor:
        """The present value of an initializer: a weight or bias in float, a scale, or a constant."""
        parameter: Tensor = getattr(self, self.attribute_names[name])
        unit: Tensor | None = getattr(self, self.attribute_names[name].replace("value", "unit"), None)
        if unit is None:
            return parameter
        return unit * (parameter.exp() if name in self.plan.scales else parameter)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes), also where the output has further axes of length 1, as in a session."""
        values = {name: self.value(name) for name in self.attribute_names}
        values[self.input] = images
        for node in self.plan.nodes:
            inputs = [values[name] if name else None for name in node.inputs]
            try:
                outputs = IMPLEMENTATIONS[node.operator](inputs, node.attributes)
            except UnsupportedError as error:
                raise unsupported(node, f"it {error}") from error
            except _MISFITS as error:
                raise unsupported(node, f"torch's {node.operator} does not take its inputs ({error})") from error
            values.update(zip(node.outputs, outputs if isinstance(outputs, tuple) else (outputs,), strict=False))
            for name in node.last_reads:
                del values[name]
        return values[self.output].flatten(1)


def _units(plan: Plan, floats: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The unit of each parameter, by the name of its initializer.

    The unit of a scale is its first value, exactly: images often fall right between two of its levels. The unit of a
    bias follows the weight scale of its channel, at the mean ratio of the two in its layer.
    """
    constants = plan.constants
    units = {name: constants[name].abs().max().clamp(min=TINY) for name in plan.floats}
    units |= {name: constants[name] for name in plan.scales}
    for node in plan.nodes:
        if node.operator == FAKE and node.inputs[0] in constants:
            weight, scale, _ = node.inputs
            units[weight] = (
                along(node.attributes["axis"], constants[scale], constants[weight].ndim) * node.attributes["high"]
            )
    for layer in plan.layers:
        if layer.bias:
            scales = constants[layer.weight_scale].reshape(-1)
            units[layer.bias] = scales * (floats[layer.bias].abs() / scales).mean().clamp(min=TINY)
    return units
