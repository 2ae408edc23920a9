"""The signature of a model: whether it takes images, its inputs otherwise, and the outputs that its task measures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import onnx
from onnx import TensorProto

from engine.errors import SourceError
from engine.models.counts import constant_tensors, dimensions, graph_inputs
from engine.results import TensorSpec, codes
from engine.runtimes.feed import channels_last
from engine.settings import Preprocess
from engine.settings.model import MAX_EDGE, MIN_EDGE
from engine.wording import many

COPY_HINT = "Copy or download it again, or export the model again"
EXPORT_HINT = (
    "Export it again as one file, for example with "
    'torch.onnx.export(model, (image,), "model.onnx", external_data=False)'
)
Layout = Literal["nchw", "nhwc"]
Dimensions = tuple[int | str, ...]
Kind = Literal["float32", "float16", "float64", "uint8"]
KINDS: dict[int, Kind] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.UINT8: "uint8",
}
"""The number types that an image input can have."""
ARRAY_KINDS: Mapping[int, str] = {
    **KINDS,
    TensorProto.INT8: "int8",
    TensorProto.INT16: "int16",
    TensorProto.UINT16: "uint16",
    TensorProto.INT32: "int32",
    TensorProto.UINT32: "uint32",
    TensorProto.INT64: "int64",
    TensorProto.UINT64: "uint64",
    TensorProto.BOOL: "bool",
}
"""The number types that any input can have, by numpy's names."""
_CHANNELS = (1, 3)
_SAME_SHAPE = frozenset({"Cast", "Identity", "QuantizeLinear", "DequantizeLinear"})
_ELEMENTWISE = _SAME_SHAPE | {"Add", "Sub", "Mul", "Div", "Clip"}
"""Operators behind which an image still has the channels that it had before."""
_MOVES = frozenset({"Cast", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"})
"""Operators behind which indices are still the same indices."""


@dataclass(frozen=True)
class ImageInput:
    """The declared input; a dynamic batch, number of channels, height or width is None."""

    name: str
    kind: Kind
    layout: Layout
    batch: int | None
    channels: int | None
    height: int | None
    width: int | None

    def settled(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """The axes after the batch in the graph's order, for this shape (C, H, W)."""
        channels, height, width = shape
        return shape if self.layout == "nchw" else (height, width, channels)


def read_image_input(proto: onnx.ModelProto) -> ImageInput | None:
    """The only input, where it takes images of one or three channels; None where the model takes something else."""
    inputs = graph_inputs(proto)
    if len(inputs) != 1:
        return None
    (value,) = inputs
    dims, kind = dimensions(value), value.type.tensor_type.elem_type
    if kind not in KINDS or dims is None or len(dims) != 4:
        return None
    layout: Layout = "nhwc" if channels_last(dims) else "nchw"
    batch, channels, height, width = dims if layout == "nchw" else (dims[0], dims[3], dims[1], dims[2])
    if isinstance(channels, str):
        channels = _first_channels(proto, value.name) or channels
    if isinstance(channels, int) and channels not in _CHANNELS:
        return None
    return ImageInput(value.name, KINDS[kind], layout, *(_fixed(dim) for dim in (batch, channels, height, width)))


def image_shape(declared: ImageInput, preprocess: Preprocess | None) -> tuple[int, int, int]:
    """(C, H, W) of the images; what the graph leaves open is that of the preprocessing.

    Raises SourceError where that is not given either, or does not fit the graph.
    """
    if preprocess is None:
        return _without_preprocess(declared)
    channels, (height, width) = len(preprocess.mean), preprocess.size
    if (declared.height or height, declared.width or width) != (height, width):
        raise SourceError(
            f"the model takes images of {declared.height or height}x{declared.width or width} px, and the "
            f"preprocessing makes them {height}x{width} px",
            "Correct the size of the preprocessing (preprocess.size)",
        )
    if declared.channels not in (None, channels):
        raise SourceError(
            f"the model takes {many(declared.channels or 0, 'channel')}, and the preprocessing has "
            f"{many(channels, 'mean')}",
            "Correct the means and standard deviations of the preprocessing (preprocess)",
        )
    return channels, height, width


def with_size(declared: ImageInput, size: tuple[int, int] | None) -> ImageInput:
    """The input with this height and width where it leaves them open. Raises SourceError where it has others."""
    if size is None:
        return declared
    height, width = declared.height or size[0], declared.width or size[1]
    if (height, width) != size:
        raise SourceError(
            f"the model takes images of {height}x{width} px, and {size[0]}x{size[1]} px are asked for",
            "Leave their size out (model.size)",
        )
    return replace(declared, height=height, width=width)


def read_inputs(proto: onnx.ModelProto) -> tuple[TensorSpec, ...]:
    """Every input of a model that takes no images. Raises SourceError where one is no array of numbers.

    The first axis is that of the examples where it is dynamic, or as long as that of the first input.
    """
    values = graph_inputs(proto)
    if not values:
        raise SourceError("the model has no inputs", EXPORT_HINT)
    first = dimensions(values[0])
    return tuple(_input_spec(proto, value, first[0] if first else None) for value in values)


def _input_spec(proto: onnx.ModelProto, value: onnx.ValueInfoProto, batch: int | str | None) -> TensorSpec:
    dims, kind = dimensions(value), value.type.tensor_type.elem_type
    if not value.type.HasField("tensor_type") or kind not in ARRAY_KINDS:
        is_array = value.type.HasField("tensor_type")
        raise SourceError(
            f"the input '{value.name}' is {_type_name(kind) if is_array else 'no array'}, and must be one of numbers",
            EXPORT_HINT,
        )
    if dims is None:
        raise SourceError(f"the input '{value.name}' is of unknown rank, so no array can be made for it", EXPORT_HINT)
    batched = bool(dims) and (isinstance(dims[0], str) or dims[0] == batch)
    return TensorSpec(
        name=value.name,
        dtype=ARRAY_KINDS[kind],
        shape=dims[1:] if batched else dims,
        batched=batched,
        upper=_table_length(proto, value.name) if "int" in ARRAY_KINDS[kind] else None,
    )


def _table_length(proto: onnx.ModelProto, name: str) -> int | None:
    """The length of the shortest table that an input indexes, as token ids do; None where there is none.

    Only operators that move or cast the indices may stand between.
    """
    constants, indices, lengths = constant_tensors(proto), {name}, []
    for node in proto.graph.node:
        if node.op_type == "Gather" and len(node.input) > 1 and node.input[1] in indices and node.input[0] in constants:
            axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
            lengths.append(int(constants[node.input[0]].dims[axis]))
        elif node.op_type in _MOVES and node.input[0] in indices:
            indices |= set(node.output)
    return min(lengths, default=None)


def _fixed(dim: int | str) -> int | None:
    return dim if isinstance(dim, int) else None


def _type_name(kind: int) -> str:
    return TensorProto.DataType.Name(kind).lower() if kind in TensorProto.DataType.values() else f"type {kind}"


def _first_channels(proto: onnx.ModelProto, name: str) -> int | None:
    """The channels that the first convolution takes, where only elementwise operators stand before it; else None."""
    constants, images = constant_tensors(proto), {name}
    for node in proto.graph.node:
        if node.op_type == "Conv" and node.input[0] in images:
            weight = constants.get(node.input[1])
            groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
            if weight is not None and len(weight.dims) == 4:
                return int(weight.dims[1]) * groups
        elif node.op_type in _ELEMENTWISE and images & set(node.input):
            images |= set(node.output)
        elif node.op_type in _SAME_SHAPE and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
    return None


def _without_preprocess(declared: ImageInput) -> tuple[int, int, int]:
    if declared.height is None or declared.width is None:
        raise SourceError(
            "the model takes images of any size",
            "Say which (model.size), or export it for images of one size",
            code=codes.INPUT_SIZE_OPEN,
        )
    if declared.channels is None:
        raise SourceError(
            f"the number of channels of the input '{declared.name}' cannot be told",
            "Say how the images are prepared: as many means as channels (preprocess)",
        )
    if not all(MIN_EDGE <= edge <= MAX_EDGE for edge in (declared.height, declared.width)):
        raise SourceError(
            f"the model takes images of {declared.height}x{declared.width} px, "
            f"{MIN_EDGE} to {MAX_EDGE} px are possible",
            EXPORT_HINT,
        )
    return declared.channels, declared.height, declared.width
