"""The operators of ONNX (opsets 13 to 23) that exported image classifiers are made of, in torch, with gradients.

Each takes the node's inputs in order (None where an optional one is left out) and its attributes, and returns its
output or a tuple of outputs. Attributes and their defaults: https://onnx.ai/onnx/operators. Shapes are tensors, as in
ONNX.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn import functional

Inputs = list[Any]
"""A Tensor or None for each input."""
Attributes = Mapping[str, Any]
Operator = Callable[[Inputs, Attributes], Tensor | tuple[Tensor, ...]]


class UnsupportedError(ValueError):
    """An operator has attributes or inputs that this table does not support; the message says which."""


def unary(function: Callable[[Tensor], Tensor]) -> Operator:
    return lambda inputs, attributes: function(inputs[0])


def binary(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return lambda inputs, attributes: function(inputs[0], inputs[1])


def conv(inputs: Inputs, attributes: Attributes) -> Tensor:
    image, weight, *bias = inputs
    if weight.ndim != 4:
        raise UnsupportedError("is not two-dimensional")
    image, padding = padded(image, attributes, 0.0)
    return functional.conv2d(
        image,
        weight,
        bias[0] if bias else None,
        attributes.get("strides", 1),
        padding,
        attributes.get("dilations", 1),
        attributes.get("group", 1),
    )


def padded(image: Tensor, attributes: Attributes, value: float) -> tuple[Tensor, tuple[int, int]]:
    """The image and the padding that is left to torch's convolution or pool.

    Those take one padding for both sides, so unequal sides are padded here.
    """
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise UnsupportedError(f"has auto_pad {attributes['auto_pad']}")
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) == (bottom, right):
        return image, (top, left)
    return functional.pad(image, (left, right, top, bottom), value=value), (0, 0)


def gemm(inputs: Inputs, attributes: Attributes) -> Tensor:
    left = inputs[0].T if attributes.get("transA", 0) else inputs[0]
    right = inputs[1].T if attributes.get("transB", 0) else inputs[1]
    product: Tensor = (
        attributes.get("alpha", 1.0) * (left @ right) if attributes.get("alpha", 1.0) != 1.0 else left @ right
    )
    return product + attributes.get("beta", 1.0) * inputs[2] if len(inputs) > 2 and inputs[2] is not None else product


def clip(inputs: Inputs, attributes: Attributes) -> Tensor:
    low, high = (*inputs[1:], None, None)[:2]
    return inputs[0] if low is None and high is None else torch.clamp(inputs[0], low, high)


def hard_sigmoid(inputs: Inputs, attributes: Attributes) -> Tensor:
    return torch.clamp(attributes.get("alpha", 0.2) * inputs[0] + attributes.get("beta", 0.5), 0, 1)


def layer_norm(inputs: Inputs, attributes: Attributes) -> Tensor:
    shape = inputs[0].shape[attributes.get("axis", -1) :]
    return functional.layer_norm(
        inputs[0], shape, inputs[1], inputs[2] if len(inputs) > 2 else None, attributes.get("epsilon", 1e-5)
    )


def batch_norm(inputs: Inputs, attributes: Attributes) -> Tensor:
    image, scale, bias, mean, variance = inputs
    return functional.batch_norm(image, mean, variance, scale, bias, eps=attributes.get("epsilon", 1e-5))


def max_pool(inputs: Inputs, attributes: Attributes) -> Tensor:
    image, padding = padded(inputs[0], attributes, -torch.inf)
    return functional.max_pool2d(
        image,
        attributes["kernel_shape"],
        attributes.get("strides", 1),
        padding,
        attributes.get("dilations", 1),
        bool(attributes.get("ceil_mode", 0)),
    )


def average_pool(inputs: Inputs, attributes: Attributes) -> Tensor:
    count_padding = bool(attributes.get("count_include_pad", 0))
    image, padding = padded(inputs[0], attributes, 0.0)
    if image is not inputs[0] and not count_padding:
        raise UnsupportedError("pads its sides differently and leaves the padding out of the mean")
    return functional.avg_pool2d(
        image,
        attributes["kernel_shape"],
        attributes.get("strides", 1),
        padding,
        bool(attributes.get("ceil_mode", 0)),
        count_padding,
    )


def reduced(function: Callable[..., Tensor]) -> Operator:
    def reduce(inputs: Inputs, attributes: Attributes) -> Tensor:
        axes = inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else attributes.get("axes")
        if axes is None and attributes.get("noop_with_empty_axes", 0):
            return torch.as_tensor(inputs[0])
        return function(inputs[0], tuple(axes or range(inputs[0].ndim)), bool(attributes.get("keepdims", 1)))

    return reduce


def reshape(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    shape = inputs[1].tolist()
    if not attributes.get("allowzero", 0):
        shape = [tensor.shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    return tensor.reshape(shape)


def flatten(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    return tensor.reshape(tensor.shape[: attributes.get("axis", 1)].numel(), -1)


def slice_(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    starts, ends = inputs[1].tolist(), inputs[2].tolist()
    axes = inputs[3].tolist() if len(inputs) > 3 and inputs[3] is not None else range(len(starts))
    steps = inputs[4].tolist() if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    slices = [slice(None)] * tensor.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step < 1:
            raise UnsupportedError("steps backwards")
        slices[axis] = slice(start, min(end, tensor.shape[axis]), step)  # "to the end" is the largest integer
    return tensor[tuple(slices)]


def split(inputs: Inputs, attributes: Attributes) -> tuple[Tensor, ...]:
    axis = attributes.get("axis", 0)
    if len(inputs) > 1 and inputs[1] is not None:
        return torch.split(inputs[0], inputs[1].tolist(), axis)
    if "num_outputs" not in attributes:
        raise UnsupportedError("does not say into how many parts")
    size = -(-inputs[0].shape[axis] // attributes["num_outputs"])  # the last one takes what is left
    return torch.split(inputs[0], size, axis)


def squeeze(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    return tensor.squeeze(tuple(inputs[1].tolist())) if len(inputs) > 1 else tensor.squeeze()


def unsqueeze(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    axes = inputs[1].reshape(-1).tolist()
    rank = tensor.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        tensor = tensor.unsqueeze(axis)
    return tensor


def gather(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    rows, axis = inputs[1], attributes.get("axis", 0) % tensor.ndim
    rows = torch.where(rows < 0, rows + tensor.shape[axis], rows)
    values = tensor.index_select(axis, rows.reshape(-1))
    return values.reshape((*tensor.shape[:axis], *rows.shape, *tensor.shape[axis + 1 :]))


def pad(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor, pads = inputs[0], inputs[1].tolist()
    if attributes.get("mode", "constant") != "constant":
        raise UnsupportedError(f"pads by mode {attributes['mode']}")
    axes = inputs[3].tolist() if len(inputs) > 3 and inputs[3] is not None else list(range(tensor.ndim))
    padding = [0] * (2 * tensor.ndim)  # torch counts from the last axis
    for index, axis in enumerate(axes):
        last = 2 * (tensor.ndim - 1 - axis % tensor.ndim)
        padding[last : last + 2] = pads[index], pads[index + len(axes)]
    value = float(inputs[2]) if len(inputs) > 2 and inputs[2] is not None else 0.0
    return functional.pad(tensor, padding, value=value)


def expand(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    return tensor.expand(torch.broadcast_shapes(tensor.shape, tuple(inputs[1].tolist())))


def constant_of_shape(inputs: Inputs, attributes: Attributes) -> Tensor:
    value = tensor_of(attributes["value"]) if "value" in attributes else torch.zeros(1)
    return value.to(inputs[0].device).expand(inputs[0].tolist())


def shape_of(inputs: Inputs, attributes: Attributes) -> Tensor:
    shape = inputs[0].shape[attributes.get("start", 0) : attributes.get("end")]
    return torch.tensor(shape, dtype=torch.int64, device=inputs[0].device)


def range_(inputs: Inputs, attributes: Attributes) -> Tensor:
    return torch.arange(*(bound.item() for bound in inputs), dtype=inputs[0].dtype, device=inputs[0].device)


def cast(inputs: Inputs, attributes: Attributes) -> Tensor:
    tensor: Tensor = inputs[0]
    return tensor.to(getattr(torch, helper.tensor_dtype_to_np_dtype(attributes["to"]).name))


def divide(left: Tensor, right: Tensor) -> Tensor:
    """The quotient; of integers rounded towards zero."""
    return left / right if left.is_floating_point() else torch.div(left, right, rounding_mode="trunc")


def constant_of(attributes: Attributes) -> Tensor:
    """The value of a Constant node."""
    (value,) = attributes.values()
    return tensor_of(value) if "value" in attributes else torch.tensor(value)


def tensor_of(proto: Any) -> Tensor:
    """A TensorProto's values."""
    return torch.from_numpy(numpy_helper.to_array(proto).copy())


OPERATORS: dict[str, Operator] = {
    "Abs": unary(torch.abs),
    "Add": binary(torch.add),
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": cast,
    "Clip": clip,
    "Concat": lambda inputs, attributes: torch.cat(inputs, attributes["axis"]),
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "Div": binary(divide),
    "Dropout": unary(lambda tensor: tensor),
    "Elu": lambda inputs, attributes: functional.elu(inputs[0], attributes.get("alpha", 1.0)),
    "Equal": binary(torch.eq),
    "Erf": unary(torch.erf),
    "Exp": unary(torch.exp),
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Gelu": lambda inputs, attributes: functional.gelu(inputs[0], approximate=attributes.get("approximate", "none")),
    "Gemm": gemm,
    "GlobalAveragePool": unary(lambda image: image.mean(dim=(2, 3), keepdim=True)),
    "GlobalMaxPool": unary(lambda image: image.amax(dim=(2, 3), keepdim=True)),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary(functional.hardswish),
    "Identity": unary(lambda tensor: tensor),
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda inputs, attributes: functional.leaky_relu(inputs[0], attributes.get("alpha", 0.01)),
    "MatMul": binary(torch.matmul),
    "Max": lambda inputs, attributes: inputs[0] if len(inputs) == 1 else torch.maximum(*inputs),
    "MaxPool": max_pool,
    "Min": lambda inputs, attributes: inputs[0] if len(inputs) == 1 else torch.minimum(*inputs),
    "Mul": binary(torch.mul),
    "Neg": unary(torch.neg),
    "Pad": pad,
    "Pow": binary(torch.pow),
    "Reciprocal": unary(torch.reciprocal),
    "Range": range_,
    "ReduceMean": reduced(torch.mean),
    "ReduceSum": reduced(torch.sum),
    "Relu": unary(functional.relu),
    "Reshape": reshape,
    "Shape": shape_of,
    "Sigmoid": unary(torch.sigmoid),
    "Slice": slice_,
    "Softmax": lambda inputs, attributes: functional.softmax(inputs[0], attributes.get("axis", -1)),
    "Softplus": unary(functional.softplus),
    "Split": split,
    "Sqrt": unary(torch.sqrt),
    "Squeeze": squeeze,
    "Sub": binary(torch.sub),
    "Tanh": unary(torch.tanh),
    "Transpose": lambda inputs, attributes: inputs[0].permute(
        attributes.get("perm") or tuple(reversed(range(inputs[0].ndim)))
    ),
    "Unsqueeze": unsqueeze,
    "Where": lambda inputs, attributes: torch.where(inputs[0], inputs[1], inputs[2]),
}
