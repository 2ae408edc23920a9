"""The operators of ONNX (opsets 13 to 23) that exported image classifiers are made of, in torch, with gradients.

Each takes the node's inputs in order (None: one that was left out) and its attributes, and gives its output, or a tuple
of them. What an attribute means and its default: https://onnx.ai/onnx/operators. Shapes are tensors on the way through
the graph, as in ONNX.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn import functional

Given = list[Any]
"""A Tensor or None for each input."""
Said = Mapping[str, Any]
Operator = Callable[[Given, Said], Tensor | tuple[Tensor, ...]]


class NotUnderstoodError(ValueError):
    """An operator is asked for in a way that this table does not have; the message says which."""


def unary(function: Callable[[Tensor], Tensor]) -> Operator:
    return lambda given, said: function(given[0])


def binary(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return lambda given, said: function(given[0], given[1])


def conv(given: Given, said: Said) -> Tensor:
    image, weight, *bias = given
    if weight.ndim != 4:
        raise NotUnderstoodError("is not two-dimensional")
    image, padding = padded(image, said, 0.0)
    return functional.conv2d(
        image,
        weight,
        bias[0] if bias else None,
        said.get("strides", 1),
        padding,
        said.get("dilations", 1),
        said.get("group", 1),
    )


def padded(image: Tensor, said: Said, value: float) -> tuple[Tensor, tuple[int, int]]:
    """The image with the part of the padding that torch's convolutions and pools have no argument for, and the rest."""
    if said.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NotUnderstoodError(f"has auto_pad {said['auto_pad']}")
    top, left, bottom, right = said.get("pads", (0, 0, 0, 0))
    if (top, left) == (bottom, right):
        return image, (top, left)
    return functional.pad(image, (left, right, top, bottom), value=value), (0, 0)


def gemm(given: Given, said: Said) -> Tensor:
    left = given[0].T if said.get("transA", 0) else given[0]
    right = given[1].T if said.get("transB", 0) else given[1]
    product: Tensor = said.get("alpha", 1.0) * (left @ right) if said.get("alpha", 1.0) != 1.0 else left @ right
    return product + said.get("beta", 1.0) * given[2] if len(given) > 2 and given[2] is not None else product


def clip(given: Given, said: Said) -> Tensor:
    low, high = (*given[1:], None, None)[:2]
    return given[0] if low is None and high is None else torch.clamp(given[0], low, high)


def hard_sigmoid(given: Given, said: Said) -> Tensor:
    return torch.clamp(said.get("alpha", 0.2) * given[0] + said.get("beta", 0.5), 0, 1)


def layer_norm(given: Given, said: Said) -> Tensor:
    shape = given[0].shape[said.get("axis", -1) :]
    return functional.layer_norm(
        given[0], shape, given[1], given[2] if len(given) > 2 else None, said.get("epsilon", 1e-5)
    )


def batch_norm(given: Given, said: Said) -> Tensor:
    image, scale, bias, mean, variance = given
    return functional.batch_norm(image, mean, variance, scale, bias, eps=said.get("epsilon", 1e-5))


def max_pool(given: Given, said: Said) -> Tensor:
    image, padding = padded(given[0], said, -torch.inf)
    return functional.max_pool2d(
        image,
        said["kernel_shape"],
        said.get("strides", 1),
        padding,
        said.get("dilations", 1),
        bool(said.get("ceil_mode", 0)),
    )


def average_pool(given: Given, said: Said) -> Tensor:
    counted = bool(said.get("count_include_pad", 0))
    image, padding = padded(given[0], said, 0.0)
    if image is not given[0] and not counted:
        raise NotUnderstoodError("pads its sides differently and leaves the padding out of the mean")
    return functional.avg_pool2d(
        image, said["kernel_shape"], said.get("strides", 1), padding, bool(said.get("ceil_mode", 0)), counted
    )


def reduced(function: Callable[..., Tensor]) -> Operator:
    def reduce(given: Given, said: Said) -> Tensor:
        axes = given[1].tolist() if len(given) > 1 and given[1] is not None else said.get("axes")
        if axes is None and said.get("noop_with_empty_axes", 0):
            return torch.as_tensor(given[0])
        return function(given[0], tuple(axes or range(given[0].ndim)), bool(said.get("keepdims", 1)))

    return reduce


def reshape(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    shape = given[1].tolist()
    if not said.get("allowzero", 0):
        shape = [tensor.shape[place] if size == 0 else size for place, size in enumerate(shape)]
    return tensor.reshape(shape)


def flatten(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    return tensor.reshape(tensor.shape[: said.get("axis", 1)].numel(), -1)


def slice_(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    starts, ends = given[1].tolist(), given[2].tolist()
    axes = given[3].tolist() if len(given) > 3 and given[3] is not None else range(len(starts))
    steps = given[4].tolist() if len(given) > 4 and given[4] is not None else [1] * len(starts)
    cut = [slice(None)] * tensor.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step < 1:
            raise NotUnderstoodError("steps backwards")
        cut[axis] = slice(start, min(end, tensor.shape[axis]), step)  # "to the end" is the largest integer
    return tensor[tuple(cut)]


def split(given: Given, said: Said) -> tuple[Tensor, ...]:
    axis = said.get("axis", 0)
    if len(given) > 1 and given[1] is not None:
        return torch.split(given[0], given[1].tolist(), axis)
    if "num_outputs" not in said:
        raise NotUnderstoodError("does not say into how many parts")
    size = -(-given[0].shape[axis] // said["num_outputs"])  # the last one takes what is left
    return torch.split(given[0], size, axis)


def squeeze(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    return tensor.squeeze(tuple(given[1].tolist())) if len(given) > 1 else tensor.squeeze()


def unsqueeze(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    axes = given[1].reshape(-1).tolist()
    rank = tensor.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        tensor = tensor.unsqueeze(axis)
    return tensor


def gather(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    rows, axis = given[1], said.get("axis", 0) % tensor.ndim
    rows = torch.where(rows < 0, rows + tensor.shape[axis], rows)
    taken = tensor.index_select(axis, rows.reshape(-1))
    return taken.reshape(*tensor.shape[:axis], *rows.shape, *tensor.shape[axis + 1 :])


def pad(given: Given, said: Said) -> Tensor:
    tensor, pads = given[0], given[1].tolist()
    if said.get("mode", "constant") != "constant":
        raise NotUnderstoodError(f"pads by mode {said['mode']}")
    axes = given[3].tolist() if len(given) > 3 and given[3] is not None else list(range(tensor.ndim))
    around = [0] * (2 * tensor.ndim)  # torch counts from the last axis
    for place, axis in enumerate(axes):
        last = 2 * (tensor.ndim - 1 - axis % tensor.ndim)
        around[last : last + 2] = pads[place], pads[place + len(axes)]
    value = float(given[2]) if len(given) > 2 and given[2] is not None else 0.0
    return functional.pad(tensor, around, value=value)


def expand(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    return tensor.expand(torch.broadcast_shapes(tensor.shape, tuple(given[1].tolist())))


def constant_of_shape(given: Given, said: Said) -> Tensor:
    value = tensor_of(said["value"]) if "value" in said else torch.zeros(1)
    return value.to(given[0].device).expand(given[0].tolist())


def shape_of(given: Given, said: Said) -> Tensor:
    shape = given[0].shape[said.get("start", 0) : said.get("end")]
    return torch.tensor(shape, dtype=torch.int64, device=given[0].device)


def range_(given: Given, said: Said) -> Tensor:
    return torch.arange(*(bound.item() for bound in given), dtype=given[0].dtype, device=given[0].device)


def cast(given: Given, said: Said) -> Tensor:
    tensor: Tensor = given[0]
    return tensor.to(getattr(torch, helper.tensor_dtype_to_np_dtype(said["to"]).name))


def divide(left: Tensor, right: Tensor) -> Tensor:
    """Whole numbers are divided towards zero."""
    return left / right if left.is_floating_point() else torch.div(left, right, rounding_mode="trunc")


def constant_of(said: Said) -> Tensor:
    """The value of a Constant node."""
    (value,) = said.values()
    return tensor_of(value) if "value" in said else torch.tensor(value)


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
    "Concat": lambda given, said: torch.cat(given, said["axis"]),
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "Div": binary(divide),
    "Dropout": unary(lambda tensor: tensor),
    "Elu": lambda given, said: functional.elu(given[0], said.get("alpha", 1.0)),
    "Equal": binary(torch.eq),
    "Erf": unary(torch.erf),
    "Exp": unary(torch.exp),
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Gelu": lambda given, said: functional.gelu(given[0], approximate=said.get("approximate", "none")),
    "Gemm": gemm,
    "GlobalAveragePool": unary(lambda image: image.mean(dim=(2, 3), keepdim=True)),
    "GlobalMaxPool": unary(lambda image: image.amax(dim=(2, 3), keepdim=True)),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary(functional.hardswish),
    "Identity": unary(lambda tensor: tensor),
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda given, said: functional.leaky_relu(given[0], said.get("alpha", 0.01)),
    "MatMul": binary(torch.matmul),
    "Max": lambda given, said: given[0] if len(given) == 1 else torch.maximum(*given),
    "MaxPool": max_pool,
    "Min": lambda given, said: given[0] if len(given) == 1 else torch.minimum(*given),
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
    "Softmax": lambda given, said: functional.softmax(given[0], said.get("axis", -1)),
    "Softplus": unary(functional.softplus),
    "Split": split,
    "Sqrt": unary(torch.sqrt),
    "Squeeze": squeeze,
    "Sub": binary(torch.sub),
    "Tanh": unary(torch.tanh),
    "Transpose": lambda given, said: given[0].permute(said.get("perm") or tuple(reversed(range(given[0].ndim)))),
    "Unsqueeze": unsqueeze,
    "Where": lambda given, said: torch.where(given[0], given[1], given[2]),
}
