"""QuantizeLinear followed by DequantizeLinear as one torch function through which gradients pass."""

from typing import Any

import torch
from torch import Tensor

from engine.techniques.quantize.qat.operators import Given, Operator, Said

FAKE, BIAS = "FakeQuantize", "RoundBias"
"""What a pair of QuantizeLinear and DequantizeLinear is called here, or rounding a weight; and rounding a bias."""
INT32 = torch.iinfo(torch.int32)


class FakeQuantize(torch.autograd.Function):
    """(clamp(round(values / scale) + zero, low, high) - zero) * scale; `scale` and `zero` broadcast to the values.

    Straight-through: rounding counts as the identity (Bengio et al., https://arxiv.org/abs/1308.3432) and what is
    clipped gets no gradient (Jacob et al., https://arxiv.org/abs/1712.05877). The scale gets that of learned step sizes
    (Esser et al., https://arxiv.org/abs/1902.08153, equation 3).
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: Tensor, zero: Tensor, low: int, high: int) -> Tensor:
        whole = torch.div(values, scale).round_().add_(zero)
        inside = (whole >= low) & (whole <= high)
        result = whole.clamp_(low, high).sub_(zero).mul_(scale)
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


def fake_quantize(given: Given, said: Said) -> Tensor:
    """Values, scale, zero point; `said` has the lowest and the highest whole number, and the axis of the channels."""
    values, scale, zero = given
    scale, zero = (along(said["axis"], one, values.ndim) for one in (scale, zero))
    result: Tensor = FakeQuantize.apply(values, scale, zero, said["low"], said["high"])
    return result


def round_bias(given: Given, said: Said) -> Tensor:
    """Bias (outputs,), scale of the input, scale of the weight: kernels add the bias up in the product of the two."""
    values, of_input, of_weight = given
    scale = (of_input * of_weight).reshape(-1)
    result: Tensor = FakeQuantize.apply(values, scale, values.new_zeros(()), INT32.min, INT32.max)
    return result


def dequantize(given: Given, said: Said) -> Tensor:
    whole, scale, zero = given
    scale, zero = (along(said["axis"], one, whole.ndim) for one in (scale, zero))
    result: Tensor = (whole.float() - zero) * scale
    return result


def along(axis: int, parameter: Tensor, rank: int) -> Tensor:
    """A scale or zero point (channels,) so that it broadcasts along `axis`; a single one fits as it is."""
    if parameter.numel() == 1:
        return parameter.reshape(())
    return parameter.reshape([-1 if place == axis % rank else 1 for place in range(rank)])


ROUNDING: dict[str, Operator] = {FAKE: fake_quantize, BIAS: round_bias, "DequantizeLinear": dequantize}
