"""The signature of an image classifier: its one image input, and the output that holds its class scores."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import onnx
from onnx import TensorProto

from engine.errors import SourceError
from engine.models.counts import constant_tensors, dimensions, graph_inputs
from engine.results import codes
from engine.runtimes.onnx_runtime import channels_last
from engine.settings import Preprocess
from engine.settings.model import MAX_EDGE, MIN_EDGE
from engine.wording import many

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
_CHANNELS = (1, 3)
_SAME_SHAPE = frozenset({"Cast", "Identity", "QuantizeLinear", "DequantizeLinear"})
_ELEMENTWISE = _SAME_SHAPE | {"Add", "Sub", "Mul", "Div", "Clip"}
"""Operators behind which an image still has the channels that it had before."""
_MAX_LISTING = 300


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


def read_input(proto: onnx.ModelProto) -> ImageInput:
    """The only input, which takes images. Raises SourceError where it is none."""
    inputs = graph_inputs(proto)
    if len(inputs) != 1:
        raise SourceError(f"the model has {len(inputs)} inputs, an image classifier has one", EXPORT_HINT)
    (value,) = inputs
    dims, kind = dimensions(value), value.type.tensor_type.elem_type
    if kind not in KINDS:
        raise SourceError(
            f"the input '{value.name}' is {_type_name(kind)}, it must be float (16, 32 or 64 bits) or uint8",
            EXPORT_HINT,
        )
    if dims is None or len(dims) != 4:
        rank = "of unknown rank" if dims is None else f"{list(dims)}"
        raise SourceError(
            f"the input '{value.name}' is {rank}, an image input is (batch, channels, height, width)", EXPORT_HINT
        )
    layout: Layout = "nhwc" if channels_last(dims) else "nchw"
    batch, channels, height, width = dims if layout == "nchw" else (dims[0], dims[3], dims[1], dims[2])
    if isinstance(channels, str):
        channels = _first_channels(proto, value.name) or channels
    if isinstance(channels, int) and channels not in _CHANNELS:
        raise SourceError(
            f"the input '{value.name}' is {list(dims)}, with {many(channels, 'channel')}; it must be "
            "(batch, 1 or 3, height, width)",
            "Export it for gray or colour images",
        )
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


def read_output(
    proto: onnx.ModelProto, shapes: dict[str, tuple[int, ...]], name: str | None, classes: tuple[str, ...] | None
) -> tuple[str, int]:
    """Name and length of the class scores: the output `name`, or the only one that can be it.

    Shapes are the inferred ones rather than the declared ones. (batch, classes) comes before (batch, classes, 1, 1)
    and (batch, 1, classes). Raises SourceError where none or several can be it; it suggests one whose name, or whose
    length, which is that of `classes`, tells.
    """
    declared = {value.name: dimensions(value) for value in proto.graph.output}
    outputs = {key: shapes.get(key) or dims for key, dims in declared.items()}
    lengths = {key: length for key, dims in outputs.items() if (length := _length(dims)) is not None}
    flat = {key: length for key, length in lengths.items() if len(outputs[key] or ()) == 2}
    choices = flat or lengths
    if name is not None:
        choices = {key: length for key, length in lengths.items() if key == name}
    if len(choices) != 1:
        raise _unclear(name, outputs, choices, classes)
    ((found, length),) = choices.items()
    if not isinstance(length, int):
        raise SourceError(f"the number of classes in the output '{found}' cannot be told", EXPORT_HINT)
    stated = _length(declared[found])
    if isinstance(stated, int) and stated != length:
        raise SourceError(f"the output '{found}' is declared with {stated} classes and has {length}", EXPORT_HINT)
    return found, length


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


def _length(dims: Dimensions | None) -> int | str | None:
    """The number of scores an image of an output with these dimensions; a name where it is dynamic.

    None where an image has no plain list of scores.
    """
    if dims is None or len(dims) < 2:
        return None
    if len(dims) == 2:
        return dims[1]
    fixed = [dim for dim in dims[1:] if isinstance(dim, int)]
    is_list = len(fixed) == len(dims) - 1 and sum(dim != 1 for dim in fixed) <= 1
    return math.prod(fixed) if is_list else None


def _unclear(
    name: str | None,
    outputs: dict[str, Dimensions | None],
    choices: dict[str, int | str],
    classes: tuple[str, ...] | None,
) -> SourceError:
    listing = ", ".join(f"'{key}' {list(dims) if dims else 'of unknown shape'}" for key, dims in outputs.items())
    listing = f"its outputs: {listing[:_MAX_LISTING]}"
    if name is not None:
        what = "is none of (batch, classes)" if name in outputs else "is none of the model's"
        return SourceError(
            f"the output '{name[:80]}' {what} ({listing})",
            "Name the output that holds the class scores (model.output)",
            code=codes.OUTPUT_OPEN,
        )
    if not choices:
        return SourceError(
            f"the model has 0 outputs of shape (batch, classes), a classifier has one ({listing})", EXPORT_HINT
        )
    likely = [key for key, length in choices.items() if classes is not None and length == len(classes)]
    likely = likely if len(likely) == 1 else [key for key in choices if "logits" in key.lower()]
    suggestion = f", probably '{likely[0]}'" if len(likely) == 1 else ""
    return SourceError(
        f"the model has {len(choices)} outputs of shape (batch, classes), and only one can be its class scores "
        f"({listing})",
        f"Say which it is{suggestion} (model.output)",
        code=codes.OUTPUT_OPEN,
    )
