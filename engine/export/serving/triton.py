"""A model repository for NVIDIA's Triton Inference Server: the graph itself, batches, a cache and instances.

The configuration is Triton's ModelConfig message as text
(https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto).
"""

import json
from collections.abc import Iterator, Mapping

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import MODEL
from engine.models.artifacts import OnnxModel
from engine.settings.serving import ServeSettings

TYPES: Mapping[str, str] = {
    "bool": "TYPE_BOOL",
    "uint8": "TYPE_UINT8",
    "int8": "TYPE_INT8",
    "int16": "TYPE_INT16",
    "int32": "TYPE_INT32",
    "int64": "TYPE_INT64",
    "float16": "TYPE_FP16",
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
}
NAME = "model"
"""Triton's name of it."""


def triton_files(context: BundleContext, settings: ServeSettings) -> dict[str, bytes]:
    """The repository below triton/, without a second copy of the graph: its README says how that gets there."""
    config = "".join(f"{line}\n" for line in _config(context, settings))
    return {f"triton/{NAME}/config.pbtxt": config.encode(), "triton/README.md": _readme(context).encode()}


def _config(context: BundleContext, settings: ServeSettings) -> Iterator[str]:
    model = context.model
    # An axis of examples that Triton may fill is left out of dims; one of a fixed length is an axis like any other.
    batches = _takes_batches(model) and not context.depends
    yield f'name: "{NAME}"'
    yield 'backend: "onnxruntime"'
    yield f"max_batch_size: {settings.max_batch_size if batches else 0}"
    for spec in model.input_specs:
        lengths = [length if isinstance(length, int) else -1 for length in spec.shape]
        leading = [] if batches or not spec.batched else [model.batch or 1]
        dims = ", ".join(map(str, [*leading, *lengths]))
        name = json.dumps(spec.name, ensure_ascii=False)  # it is the file's, and may hold a quotation mark
        yield f"input [{{ name: {name} data_type: {TYPES[spec.dtype]} dims: [{dims}] }}]"
    if batches:
        delay = round(1000 * settings.batch_timeout_ms)
        yield "dynamic_batching {"
        yield f"  max_queue_delay_microseconds: {delay}"
        yield "  default_queue_policy {"
        yield f"    max_queue_size: {settings.queue_limit}"
        yield f"    default_timeout_microseconds: {round(1e6 * settings.timeout_s)}"
        yield "  }"
        yield "}"
    yield f"response_cache {{ enable: {'true' if settings.cache_mb else 'false'} }}"
    target = context.target
    where = f"kind: KIND_GPU gpus: [{target.device_id or 0}]" if target.on_cuda else "kind: KIND_CPU"
    yield f"instance_group [{{ count: 1 {where} }}]"
    threads = target.threads or 1
    yield f'parameters {{ key: "intra_op_thread_count" value: {{ string_value: "{threads}" }} }}'


def _takes_batches(model: OnnxModel) -> bool:
    return model.batch is None and all(spec.batched for spec in model.input_specs)


def _readme(context: BundleContext) -> str:
    prepared = (
        "Triton gets inputs that are prepared already: `Model().preprocess(image)` of infer.py makes them.\n"
        if context.takes_images
        else ""
    )
    return (
        "# A model repository for Triton\n\n"
        "From the folder of the bundle:\n\n"
        f"    mkdir -p triton/{NAME}/1 && cp {MODEL} triton/{NAME}/1/model.onnx\n"
        "    tritonserver --model-repository=triton --cache-config=local,size=67108864\n\n"
        f"{prepared}"
        "Outputs are those of the graph: Triton completes them from the file.\n"
        "config.pbtxt was checked against Triton's own schema, and never run by Triton here.\n"
    )
