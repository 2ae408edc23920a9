"""Samples of a layer's inputs and outputs: the values that each output of a Conv, Gemm or MatMul is computed from."""

import math
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from engine.techniques.quantize.layers import attribute

Values = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a two-dimensional convolution reads its image."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    """Top, left, bottom, right."""

    def patches(self, image: Values, ys: NDArray[np.int64], xs: NDArray[np.int64]) -> Values:
        """(examples, positions, channels, kernel height, kernel width): what the outputs at these rows and columns,
        (examples, positions) each, read of images (examples, channels, height, width)."""
        top, left, bottom, right = self.pads
        padded = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)))
        examples = np.arange(len(image))[:, None]
        result = np.empty((*ys.shape, image.shape[1], *self.kernel), image.dtype)
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                result[..., row, column] = padded[
                    examples,
                    :,
                    ys * self.strides[0] + row * self.dilations[0],
                    xs * self.strides[1] + column * self.dilations[1],
                ]
        return result


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a layer's weight is written as (groups, outputs, inputs); `window` is None where it is no convolution."""

    groups: int
    transposed: bool
    window: Window | None

    def to_groups(self, weight: np.ndarray) -> np.ndarray:
        """(groups, outputs, inputs) of a weight as it is stored."""
        rows = weight.T if self.transposed else weight
        return rows.reshape(self.groups, rows.shape[0] // self.groups, -1)

    def to_stored(self, groups: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The weight as it is stored, in this shape, of (groups, outputs, inputs)."""
        if self.transposed:
            return groups.reshape(shape[1], shape[0]).T
        return groups.reshape(shape)

    def samples(self, image: Values, outputs: Values, count: int, rng: np.random.Generator) -> tuple[Values, Values]:
        """(groups, inputs, n) and (groups, outputs, n): about `count` outputs of a call, and what made them."""
        if self.window is None:
            rows, results = image.reshape(-1, image.shape[-1]), outputs.reshape(-1, outputs.shape[-1])
            chosen = _some(len(rows), count, rng)
            return rows[chosen].T[None], results[chosen].T[None]
        height, width = outputs.shape[2:]
        each = math.ceil(count / len(image))
        chosen = np.stack([_some(height * width, each, rng) for _ in image])
        ys, xs = chosen // width, chosen % width
        patches = self.window.patches(image, ys, xs)
        results = outputs[np.arange(len(image))[:, None], :, ys, xs]
        return self._by_group(patches), self._by_group(results)

    def _by_group(self, rows: Values) -> Values:
        """(groups, features, n) of (examples, positions, channels, ...)."""
        flat = rows.reshape(rows.shape[0] * rows.shape[1], self.groups, -1)
        return np.ascontiguousarray(flat.transpose(1, 2, 0))


def form_of(node: onnx.NodeProto, weight: np.ndarray) -> Form | None:
    """The form of a layer with this constant weight as its second input; None for one that is not known here."""
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if node.op_type == "MatMul":
        return Form(groups=1, transposed=True, window=None) if weight.ndim == 2 else None
    if node.op_type == "Gemm":
        factors = [attribute(node, name, 1.0) for name in ("alpha", "beta")]
        if attributes.get("transA", 0) or factors != [1.0, 1.0]:
            return None
        return Form(groups=1, transposed=not attributes.get("transB", 0), window=None)
    if node.op_type != "Conv" or weight.ndim != 4 or attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return None
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    kernel_height, kernel_width = weight.shape[2:]
    window = Window(
        kernel=(kernel_height, kernel_width),
        strides=tuple(attributes.get("strides", (1, 1))),
        dilations=tuple(attributes.get("dilations", (1, 1))),
        pads=(top, left, bottom, right),
    )
    return Form(groups=attributes.get("group", 1), transposed=False, window=window)


def _some(total: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` different numbers below `total`, or all of them."""
    return np.arange(total) if total <= count else rng.choice(total, count, replace=False)
