"""Reading an ONNX model: its inputs, its outputs, what it is asked for, and its metadata."""

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
from engine.models.inputs import model_inputs
from engine.models.outputs import read_outputs
from engine.models.scan import scan
from engine.models.signature import COPY_HINT, EXPORT_HINT
from engine.results import Note, codes
from engine.settings import Preprocess, TaskName
from engine.settings.model import METADATA_KEY
from engine.tasks import TASKS
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

OUTPUT_KEY, TASK_KEY = "featherweight.output", "featherweight.task"
"""The metadata of a file with several outputs: the name of the main one; and what the model is asked for."""
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
    task: TaskName | None = None,
    size: tuple[int, int] | None = None,
    folder: Path | None = None,
) -> OnnxModel:
    """The model in this file; `task` says what it is asked for and `output` where its answer is.

    Without `preprocess`, `output` or `task`, those of the file's metadata are used, or of files beside it in `folder`.
    Where there is no preprocessing either, images get ImageNet's at the input's size (bytes none), with a warning;
    where there is no task, the graph tells. `size` (height, width) is that of the images where the file leaves it open.
    Raises SourceError where the file is no ONNX model, or its inputs or outputs cannot be used.
    """
    proto = load_proto(path)
    file_preprocess, file_classes = _metadata(proto)
    inputs = model_inputs(proto, preprocess, file_preprocess, size, folder)
    settled = settle(proto, inputs.settled)
    classes = classes or file_classes
    outputs = read_outputs(
        proto,
        static_shapes(settled),
        inputs.edges,
        task=task or _named_task(proto),
        hint=inputs.metadata.task,
        output=output or named_output(proto),
        classes=classes or inputs.metadata.classes,
    )
    if outputs.task.classes:
        _check_classes(classes, outputs.n_scores)
        classes = classes or inputs.metadata.classes_for(outputs.n_scores)
    warnings = (
        *inputs.warnings,
        *((_QUANTIZED,) if is_quantized(operators(proto)) else ()),
        *inputs.metadata.notes(
            prepares=preprocess is None and file_preprocess is None, classes=classes, n_outputs=outputs.n_scores
        ),
    )
    digest = file_sha256(path)
    prepared = inputs.preprocess.model_dump(mode="json") if inputs.preprocess is not None else None
    return OnnxModel(
        key=content_key("onnx", digest, prepared, classes, outputs.names[0], outputs.task.name),
        path=path,
        sha256=digest,
        input_name=inputs.name,
        input_kind=inputs.image.kind if inputs.image is not None else "float32",
        layout=inputs.image.layout if inputs.image is not None else "nchw",
        output_name=outputs.names[0],
        further_outputs=outputs.names[1:],
        input_shape=inputs.shape,
        batch=inputs.batch,
        n_outputs=outputs.n_scores,
        preprocess=inputs.preprocess,
        preprocess_origins=tuple(sorted(inputs.origins.items())),
        classes=classes,
        parameters=count_parameters(proto),
        macs=settled_macs(settled),
        opset=_opset(proto),
        task=outputs.task.name,
        inputs=inputs.specs,
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
        raise SourceError(f"'{path.name}' is not an ONNX file, or is cut off", COPY_HINT) from error
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


def metadata_text(preprocess: Preprocess | None, classes: tuple[str, ...] | None) -> str:
    """The metadata of a file under METADATA_KEY, as JSON: preprocessing of the images and names of the classes."""
    prepared = None if preprocess is None else preprocess.model_dump(mode="json")
    return json.dumps({"preprocess": prepared, "classes": classes})


def write_metadata(proto: onnx.ModelProto, preprocess: Preprocess | None, classes: tuple[str, ...] | None) -> None:
    """Write this metadata into the model, replacing what it had."""
    write_entry(proto, METADATA_KEY, metadata_text(preprocess, classes))


def write_entry(proto: onnx.ModelProto, key: str, value: str) -> None:
    """Write one entry of the metadata, replacing the one of this key."""
    others = [entry for entry in proto.metadata_props if entry.key != key]
    del proto.metadata_props[:]
    proto.metadata_props.extend([*others, onnx.StringStringEntryProto(key=key, value=value)])


def named_output(proto: onnx.ModelProto) -> str | None:
    """The main output that the file itself names, under OUTPUT_KEY."""
    return _entry(proto, OUTPUT_KEY)


def _named_task(proto: onnx.ModelProto) -> TaskName | None:
    """The task that the file itself names, under TASK_KEY; None where that is none that is known here."""
    return next((name for name in TASKS if name == _entry(proto, TASK_KEY)), None)


def _entry(proto: onnx.ModelProto, key: str) -> str | None:
    return next((entry.value for entry in proto.metadata_props if entry.key == key), None)


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
    text = _entry(proto, METADATA_KEY)
    if text is None:
        return None, None
    try:
        metadata = json.loads(text)
        classes, prepared = metadata["classes"], metadata["preprocess"]
        preprocess = None if prepared is None else Preprocess.model_validate(prepared)
        return preprocess, None if classes is None else tuple(map(str, classes))
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise SourceError(f"the file's own metadata '{METADATA_KEY}' is damaged", "Export the model again") from error


def _check_classes(classes: tuple[str, ...] | None, n_outputs: int) -> None:
    if classes is not None and len(classes) != n_outputs:
        raise SourceError(f"{len(classes)} class names for {n_outputs} outputs", "Give one name an output, in order")
