"""Reading an ONNX image classifier: whether it is one, its input, its output and its metadata."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
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
from engine.models.external_data import ONE_FILE, external_tensors, location, short
from engine.models.file_format import check_is_onnx
from engine.models.metadata import preprocess_origins, read_metadata
from engine.models.metadata_sources import METADATA_KEY
from engine.models.preprocessing import imagenet_preprocess, pixel_preprocess
from engine.models.scan import scan
from engine.models.signature import EXPORT_HINT, ImageInput, image_shape, read_input, read_output, with_size
from engine.results import Note, codes
from engine.settings import Preprocess
from engine.wording import many

__all__ = [
    "METADATA_KEY",
    "count_macs",
    "count_parameters",
    "is_quantized",
    "load_proto",
    "metadata_text",
    "operators",
    "parse_proto",
    "read_onnx",
    "write_metadata",
]

OUTPUT_KEY = "featherweight.output"
"""The metadata of a file with several outputs: the name of the one that holds the class scores."""
_QUANTIZED_OPERATOR = re.compile("[Qq]uantizeLinear|QLinear|QGemm|DynamicQuantize|Integer|NBits")
_QUANTIZED = Note(
    code=codes.ALREADY_QUANTIZED,
    text="The model is quantized already: it can be measured, and not be quantized again; start from its FP32 file",
)


def read_onnx(
    path: Path,
    preprocess: Preprocess | None = None,
    classes: tuple[str, ...] | None = None,
    output: str | None = None,
    size: tuple[int, int] | None = None,
    folder: Path | None = None,
) -> OnnxModel:
    """The image classifier in this file: one input of images, one output of class scores, which `output` may name.

    Without `preprocess` or `output`, those of the file's metadata are used, or of files beside it in `folder`; where
    there is no preprocessing either, ImageNet's at the input's size (of bytes, none), with a warning. `size` (height,
    width) is that of the images where the file leaves it open. Raises SourceError for anything else.
    """
    proto = load_proto(path)
    declared = with_size(read_input(proto), size)
    file_preprocess, file_classes = _metadata(proto)
    metadata = read_metadata(proto, declared, folder)
    is_known = bool(preprocess or file_preprocess)
    origins = preprocess_origins(
        metadata, asked=preprocess is not None, own=file_preprocess is not None, size_asked=size is not None
    )
    preprocess = preprocess or file_preprocess or metadata.preprocess
    classes = classes or file_classes
    shape = image_shape(declared, preprocess)
    warnings = () if is_known or metadata.tells_pixels else (_assumed_note(declared, shape),)
    if is_quantized(operators(proto)):
        warnings = (*warnings, _QUANTIZED)
    preprocess = preprocess or _assumed(declared, shape)
    _check_bytes_in(declared, preprocess)
    settled = settle(proto, declared.settled(shape))
    output, n_outputs = read_output(
        proto, static_shapes(settled), output or named_output(proto), classes or metadata.classes
    )
    _check_classes(classes, n_outputs)
    classes = classes or metadata.classes_for(n_outputs)
    warnings = (*warnings, *metadata.notes(prepares=not is_known, classes=classes, n_outputs=n_outputs))
    digest = file_sha256(path)
    return OnnxModel(
        key=content_key("onnx", digest, preprocess.model_dump(mode="json"), classes, output),
        path=path,
        sha256=digest,
        input_name=declared.name,
        input_kind=declared.kind,
        layout=declared.layout,
        output_name=output,
        input_shape=shape,
        batch=declared.batch,
        n_outputs=n_outputs,
        preprocess=preprocess,
        preprocess_origins=tuple(sorted(origins.items())),
        classes=classes,
        parameters=count_parameters(proto),
        macs=settled_macs(settled),
        opset=_opset(proto),
        warnings=warnings,
    )


def load_proto(path: Path) -> onnx.ModelProto:
    """The parsed file. Raises SourceError where it is no ONNX model, too new, or keeps weights in other files."""
    proto = parse_proto(path)
    external = external_tensors(proto)
    if external:
        raise SourceError(
            f"'{path.name}' keeps {many(len(external), 'tensor')} in another file ('{short(location(external[0]))}'); "
            "a model must be one file",
            ONE_FILE[0].upper() + ONE_FILE[1:],
        )
    return proto


def parse_proto(path: Path) -> onnx.ModelProto:
    """The parsed file without the weights that it keeps in others.

    Raises SourceError where it is no ONNX model or too new.
    """
    check_is_onnx(path)
    try:
        proto = onnx.load(path, load_external_data=False)
    except (DecodeError, UnicodeDecodeError, ValueError) as error:
        raise SourceError(f"'{path.name}' is not an ONNX file, or is cut off", EXPORT_HINT) from error
    if not proto.ir_version or not proto.graph.node or not proto.graph.output:
        raise SourceError(f"'{path.name}' holds no ONNX graph", EXPORT_HINT)
    _check_opset(proto, path.name)
    scan(proto, path.name)
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


def named_output(proto: onnx.ModelProto) -> str | None:
    """The output of the class scores that the file itself names, under OUTPUT_KEY."""
    return next((entry.value for entry in proto.metadata_props if entry.key == OUTPUT_KEY), None)


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


def _assumed(declared: ImageInput, shape: tuple[int, int, int]) -> Preprocess:
    channels, height, width = shape
    prepare = pixel_preprocess if declared.kind == "uint8" else imagenet_preprocess
    return prepare(channels, (height, width))


def _assumed_note(declared: ImageInput, shape: tuple[int, int, int]) -> Note:
    what = (
        "no normalisation, since it takes bytes,"
        if declared.kind == "uint8"
        else "ImageNet's mean and standard deviation"
    )
    return Note(
        code="preprocess_assumed",
        text=f"The file does not say how its images are prepared: {what} at "
        f"{shape[1]}x{shape[2]} px are assumed. If that is wrong, so is the accuracy.",
    )


def _check_bytes_in(declared: ImageInput, preprocess: Preprocess) -> None:
    """Raises SourceError where the graph takes bytes and the preprocessing makes anything but pixels from 0 to 255."""
    pixels = pixel_preprocess(len(preprocess.mean), preprocess.size)
    if declared.kind == "uint8" and (preprocess.mean, preprocess.std, preprocess.scale) != (
        pixels.mean,
        pixels.std,
        pixels.scale,
    ):
        raise SourceError(
            f"the input '{declared.name}' takes bytes (uint8), pixels from 0 to 255, and the preprocessing makes "
            "other numbers",
            "Set its scale to 1, every mean to 0 and every standard deviation to 1 (preprocess)",
        )
