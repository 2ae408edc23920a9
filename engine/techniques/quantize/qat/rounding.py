"""QuantizeLinear followed by DequantizeLinear as one torch function through which gradients pass."""

from typing import Any

import torch
from torch import Tensor

from engine.techniques.quantize.qat.operators import Attributes, Inputs, Operator

FAKE, BIAS = "FakeQuantize", "RoundBias"
"""The operator for a QuantizeLinear with its DequantizeLinear (or a weight's DequantizeLinear), and a bias's."""
INT32 = torch.iinfo(torch.int32)


class FakeQuantize(torch.autograd.Function):
    """(clamp(round(values / scale) + zero, low, high) - zero) * scale; `scale` and `zero` broadcast to the values.

    Straight-through: rounding counts as the identity (Bengio et al., https://arxiv.org/abs/1308.3432) and what is
    clipped gets no gradient (Jacob et al., https://arxiv.org/abs/1712.05877). The scale gets that of learned step sizes
    (Esser et al., https://arxiv.org/abs/1902.08153, equation 3).
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: Tensor, zero: Tensor, low: int, high: int) -> Tensor:
        integers = torch.div(values, scale).round_().add_(zero)
        inside = (integers >= low) & (integers <= high)
        result = integers.clamp_(low, high).sub_(zero).mul_(scale)
        ctx.save_for_backward(values, scale, inside, result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None, None, None, None]:
        values, scale, inside, result = ctx.saved_tensors
        passed = gradient * inside
        if not ctx.needs_input_grad[1]:
            return passed, None, None, None, None
        to_scale = (gradient * result).sub_(passed * values).sum_to_size(scale.shape) / scale
        return passed, to_scale, None, None, None


def fake_quantize(inputs: Inputs, attributes: Attributes) -> Tensor:
    """The values, scale and zero point in `inputs`, fake quantized.

    `attributes` has the lowest and the highest integer, and the axis of the channels.
    """
    values, scale, zero = inputs
    scale, zero = (along(attributes["axis"], one, values.ndim) for one in (scale, zero))
    result: Tensor = FakeQuantize.apply(values, scale, zero, attributes["low"], attributes["high"])
    return result


def round_bias(inputs: Inputs, attributes: Attributes) -> Tensor:
    """The bias (outputs,) rounded to the product of the scales of input and weight, in which integer kernels add up."""
    values, of_input, of_weight = inputs
    scale = (of_input * of_weight).reshape(-1)
    result: Tensor = FakeQuantize.apply(values, scale, values.new_zeros(()), INT32.min, INT32.max)
    return result


def dequantize(inputs: Inputs, attributes: Attributes) -> Tensor:
    integers, scale, zero = inputs
    scale, zero = (along(attributes["axis"], one, integers.ndim) for one in (scale, zero))
    result: Tensor = (integers.float() - zero) * scale
    return result


def along(axis: int, parameter: Tensor, rank: int) -> Tensor:
    """A scale or zero point (channels,) so that it broadcasts along `axis`; one of a single value becomes a scalar."""
    if parameter.numel() == 1:
        return parameter.reshape(())
    return parameter.reshape([-1 if position == axis % rank else 1 for position in range(rank)])


ROUNDING: dict[str, Operator] = {FAKE: fake_quantize, BIAS: round_bias, "DequantizeLinear": dequantize}
