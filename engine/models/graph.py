"""Reading an ONNX image classifier: whether it is one, its input, its output and its metadata."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto
from pydantic import ValidationError

from engine.errors import SourceError
from engine.models.artifacts import OnnxModel, content_key, file_sha256
from engine.models.counts import (
    count_macs,
    count_parameters,
    dimensions,
    graph_inputs,
    operators,
    settle,
    settled_macs,
    static_shapes,
)
from engine.models.preprocessing import imagenet_preprocess
from engine.models.scan import scan
from engine.results import Note, codes
from engine.settings import Preprocess
from engine.settings.data import MAX_EDGE, MIN_EDGE
from engine.wording import many

__all__ = [
    "METADATA_KEY",
    "count_macs",
    "count_parameters",
    "is_quantized",
    "load_proto",
    "metadata_text",
    "operators",
    "read_onnx",
    "write_metadata",
]

METADATA_KEY = "featherweight"
_QUANTIZED_OPERATOR = re.compile("[Qq]uantizeLinear|QLinear|QGemm|DynamicQuantize|Integer|NBits")
_QUANTIZED = Note(
    code=codes.ALREADY_QUANTIZED,
    text="The model is quantized already: it can be measured, and not be quantized again; start from its FP32 file",
)
_EXPORT_HINT = 'Export it again, for example with torch.onnx.export(model, image, "model.onnx")'
_ONE_FILE = "Save it as one file: onnx.save(onnx.load('model.onnx'), 'one_file.onnx')"
_SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Fetch it with git lfs pull"),
    (b"<", "a web page or XML, not an ONNX file", "Download the file itself, not the page about it"),
    (b"PK\x03\x04", "a zip archive or a PyTorch file, not an ONNX file", _EXPORT_HINT),
    (b"\x80", "a Python pickle, not an ONNX file", _EXPORT_HINT),
)


def read_onnx(path: Path, preprocess: Preprocess | None = None, classes: tuple[str, ...] | None = None) -> OnnxModel:
    """The image classifier in this file: one float input (batch, 1 or 3, H, W), one output (batch, classes).

    Without `preprocess`, that of the file's metadata is used, else ImageNet's at the input's size, with a warning.
    Raises SourceError for anything else.
    """
    proto = load_proto(path)
    name, batch, shape = _input(proto)
    file_preprocess, file_classes = _metadata(proto)
    preprocess, classes = preprocess or file_preprocess, classes or file_classes
    channels, height, width = _fixed_shape(shape, preprocess)
    warnings = () if preprocess else (_imagenet_note(height, width),)
    if is_quantized(operators(proto)):
        warnings = (*warnings, _QUANTIZED)
    preprocess = preprocess or imagenet_preprocess(channels, (height, width))
    _check_preprocess(preprocess, (channels, height, width))
    settled = settle(proto, (channels, height, width))
    output, n_outputs = _output(proto, static_shapes(settled))
    _check_classes(classes, n_outputs)
    digest = file_sha256(path)
    return OnnxModel(
        key=content_key("onnx", digest, preprocess.model_dump(mode="json"), classes),
        path=path,
        sha256=digest,
        input_name=name,
        output_name=output,
        input_shape=(channels, height, width),
        batch=batch,
        n_outputs=n_outputs,
        preprocess=preprocess,
        classes=classes,
        parameters=count_parameters(proto),
        macs=settled_macs(settled),
        opset=_opset(proto),
        warnings=warnings,
    )


def load_proto(path: Path) -> onnx.ModelProto:
    """The parsed file. Raises SourceError where it is no ONNX model, too new, or keeps weights in other files."""
    _check_bytes(path)
    try:
        proto = onnx.load(path, load_external_data=False)
    except (DecodeError, UnicodeDecodeError, ValueError) as error:
        raise SourceError(f"'{path.name}' is not an ONNX file, or is cut off", _EXPORT_HINT) from error
    if not proto.ir_version or not proto.graph.node or not proto.graph.output:
        raise SourceError(f"'{path.name}' holds no ONNX graph", _EXPORT_HINT)
    _check_opset(proto, path.name)
    scan(proto, path.name)
    _check_one_file(proto, path)
    return proto


def is_quantized(op_types: Iterable[str]) -> bool:
    """Whether one of these operators occurs only in quantized graphs, onnxruntime's own operators included."""
    return any(_QUANTIZED_OPERATOR.search(name) for name in op_types)


Signature = dict[str, tuple[int | str, ...]]


def describe(proto: onnx.ModelProto) -> tuple[Signature, Signature]:
    """Declared shapes of the inputs and of the outputs by name; a dynamic dimension by its name."""
    inputs, outputs = (
        {value.name: dimensions(value) or () for value in values}
        for values in (graph_inputs(proto), proto.graph.output)
    )
    return inputs, outputs


def metadata_text(preprocess: Preprocess, classes: tuple[str, ...] | None) -> str:
    """The metadata of a file under METADATA_KEY, as JSON: preprocessing of the images and names of the classes."""
    return json.dumps({"preprocess": preprocess.model_dump(mode="json"), "classes": classes})


def write_metadata(proto: onnx.ModelProto, preprocess: Preprocess, classes: tuple[str, ...] | None) -> None:
    """Write this metadata into the model, replacing what it had."""
    others = [entry for entry in proto.metadata_props if entry.key != METADATA_KEY]
    entry = onnx.StringStringEntryProto(key=METADATA_KEY, value=metadata_text(preprocess, classes))
    del proto.metadata_props[:]
    proto.metadata_props.extend([*others, entry])


def _check_bytes(path: Path) -> None:
    if not path.is_file():
        raise SourceError(f"there is no file '{path}'", "Check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"'{path.name}' is empty", "Copy or export the model again")
    with path.open("rb") as stream:
        start = stream.read(64).lstrip()
    for signature, what, next_action in _SIGNATURES:
        if start.startswith(signature):
            raise SourceError(f"'{path.name}' is {what}", next_action)


def _opset(proto: onnx.ModelProto) -> int:
    return max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)


def _check_opset(proto: onnx.ModelProto, name: str) -> None:
    newest, newest_ir = onnx.defs.onnx_opset_version(), onnx.IR_VERSION
    if _opset(proto) > newest or proto.ir_version > newest_ir:
        raise SourceError(
            f"'{name}' has opset {_opset(proto)} and IR version {proto.ir_version}; opset up to {newest} and IR "
            f"version up to {newest_ir} can be read",
            "Export it again with an older opset_version, such as 18",
        )


def _check_one_file(proto: onnx.ModelProto, path: Path) -> None:
    external = [tensor for tensor in proto.graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    if not external:
        return
    entries = {entry.key: entry.value for entry in external[0].external_data}
    raise SourceError(
        f"'{path.name}' keeps {len(external)} of its tensors in another file ('{entries.get('location', '?')[:80]}'); "
        "a model must be one file",
        _ONE_FILE,
    )


def _input(proto: onnx.ModelProto) -> tuple[str, int | None, tuple[int, int | None, int | None]]:
    """Name, fixed batch or None, and (C, H, W) of the only input; a dynamic H or W is None."""
    inputs = graph_inputs(proto)
    if len(inputs) != 1:
        raise SourceError(f"the model has {len(inputs)} inputs, an image classifier has one", _EXPORT_HINT)
    (value,) = inputs
    dims, kind = dimensions(value), value.type.tensor_type.elem_type
    if kind not in (TensorProto.FLOAT, TensorProto.FLOAT16):
        raise SourceError(
            f"the input '{value.name}' is {_type_name(kind)}, it must be float (FP32 or FP16)", _EXPORT_HINT
        )
    if dims is None or len(dims) != 4:
        rank = "of unknown rank" if dims is None else f"{list(dims)}"
        raise SourceError(
            f"the input '{value.name}' is {rank}, an image input is (batch, channels, height, width)", _EXPORT_HINT
        )
    batch, channels, *size = dims
    if channels not in (1, 3):
        hint = " (its channels seem to come last)" if dims[3] in (1, 3) else ""
        raise SourceError(
            f"the input '{value.name}' is {list(dims)}{hint}, it must be (batch, 1 or 3, height, width)",
            "Export it with channels first",
        )
    height, width = (dim if isinstance(dim, int) and dim > 0 else None for dim in size)
    return value.name, batch if isinstance(batch, int) and batch > 0 else None, (int(channels), height, width)


def _type_name(kind: int) -> str:
    return TensorProto.DataType.Name(kind).lower() if kind in TensorProto.DataType.values() else f"type {kind}"


def _fixed_shape(shape: tuple[int, int | None, int | None], preprocess: Preprocess | None) -> tuple[int, int, int]:
    channels, height, width = shape
    if preprocess is not None:
        return channels, height or preprocess.size[0], width or preprocess.size[1]
    if height is None or width is None:
        raise SourceError(
            "the model takes images of any size", "Export it for images of one size, or say which (preprocess.size)"
        )
    if not all(MIN_EDGE <= edge <= MAX_EDGE for edge in (height, width)):
        raise SourceError(
            f"the model takes images of {height}x{width} px, {MIN_EDGE} to {MAX_EDGE} px are possible", _EXPORT_HINT
        )
    return channels, height, width


def _check_preprocess(preprocess: Preprocess, shape: tuple[int, int, int]) -> None:
    channels, *size = shape
    if list(preprocess.size) != size:
        raise SourceError(
            f"the model takes images of {size[0]}x{size[1]} px, and the preprocessing makes them "
            f"{preprocess.size[0]}x{preprocess.size[1]} px",
            "Correct the size of the preprocessing (preprocess.size)",
        )
    if len(preprocess.mean) != channels:
        raise SourceError(
            f"the model takes {many(channels, 'channel')}, and the preprocessing has "
            f"{many(len(preprocess.mean), 'mean')}",
            "Correct the means and standard deviations of the preprocessing (preprocess)",
        )


def _output(proto: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> tuple[str, int]:
    """Name and length of the only output of rank 2, by the inferred shapes rather than by the declared ones."""
    declared = {value.name: dimensions(value) for value in proto.graph.output}
    outputs = {name: shapes.get(name) or dims for name, dims in declared.items()}
    classifiers = {name: dims for name, dims in outputs.items() if dims is not None and len(dims) == 2}
    if len(classifiers) != 1:
        listing = ", ".join(f"'{name}' {list(dims) if dims else 'of unknown shape'}" for name, dims in outputs.items())
        raise SourceError(
            f"the model has {len(classifiers)} outputs of shape (batch, classes), a classifier has one "
            f"(its outputs: {listing[:300]})",
            _EXPORT_HINT,
        )
    ((name, dims),) = classifiers.items()
    n_declared = (declared[name] or dims)[-1]
    if not isinstance(dims[1], int) or dims[1] < 1:
        raise SourceError(f"the number of classes in the output '{name}' cannot be told", _EXPORT_HINT)
    if isinstance(n_declared, int) and n_declared != dims[1]:
        raise SourceError(f"the output '{name}' is declared with {n_declared} classes and has {dims[1]}", _EXPORT_HINT)
    return name, dims[1]


def _metadata(proto: onnx.ModelProto) -> tuple[Preprocess | None, tuple[str, ...] | None]:
    text = next((entry.value for entry in proto.metadata_props if entry.key == METADATA_KEY), None)
    if text is None:
        return None, None
    try:
        metadata = json.loads(text)
        classes = metadata["classes"]
        return Preprocess.model_validate(metadata["preprocess"]), None if classes is None else tuple(map(str, classes))
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise SourceError(f"the file's own metadata '{METADATA_KEY}' is damaged", "Export the model again") from error


def _check_classes(classes: tuple[str, ...] | None, n_outputs: int) -> None:
    if classes is not None and len(classes) != n_outputs:
        raise SourceError(f"{len(classes)} class names for {n_outputs} outputs", "Give one name an output, in order")


def _imagenet_note(height: int, width: int) -> Note:
    return Note(
        code="preprocess_assumed",
        text=f"The file does not say how its images are prepared: ImageNet's mean and standard deviation at "
        f"{height}x{width} px are assumed. If that is wrong, so is the accuracy.",
    )
