"""A model repository for NVIDIA's Triton Inference Server: the graph itself, batches, a cache and instances.

The configuration is Triton's ModelConfig message as text
(https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto). What its onnxruntime takes of
a session's options is in github.com/triton-inference-server/onnxruntime_backend (README and src/onnxruntime.cc):
threads, and any option of the CUDA provider by name. Its OpenVINO backend is for OpenVINO's own
files, which a bundle has not.
"""

import json
from collections.abc import Iterator, Mapping

from engine.export.bundle.context import BundleContext
from engine.export.bundle.names import MODEL
from engine.models.artifacts import OnnxModel
from engine.settings import Target
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
CARRIED = ("tf32", "prefer_nhwc", "device_id")
"""The options of a target that the configuration has. A captured graph is not among them: it reads and writes the same
memory at every call, and Triton does not promise that."""


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
    # Only what is not as the provider has it by itself: an older Triton refuses a name that it does not know.
    flags = {"use_tf32": "" if target.tf32 else "0", "prefer_nhwc": "1" if target.prefer_nhwc else ""}
    own = " ".join(f'parameters {{ key: "{name}" value: "{flag}" }}' for name, flag in flags.items() if flag)
    if own:
        yield f'optimization {{ execution_accelerators {{ gpu_execution_accelerator [{{ name: "cuda" {own} }}] }} }}'
    threads = target.threads or 1
    yield f'parameters {{ key: "intra_op_thread_count" value: {{ string_value: "{threads}" }} }}'


def _takes_batches(model: OnnxModel) -> bool:
    return model.batch is None and all(spec.batched for spec in model.input_specs)


def _not_carried(target: Target) -> tuple[str, ...]:
    """What of a measured target the configuration does not have, a phrase each: runtime and provider, options."""
    is_own = target.runtime == "onnxruntime" and (target.on_cpu or target.on_cuda)
    defaults = {name: Target.model_fields[name].default for name in CARRIED}
    options = target.model_copy(update=defaults).option_texts
    return (*(() if is_own else (f"{target.runtime} ({target.provider})",)), *options)


def _as_measured(target: Target) -> str:
    """What the repository lacks of the target that was measured, and what that means; empty where it has all of it."""
    missing = _not_carried(target)
    if not missing:
        return ""
    device = f"card {target.device_id or 0}" if target.on_cuda else "the CPU"
    return (
        "\n## Not as it was measured\n\n"
        f"Triton runs the file in onnxruntime on {device}. The run measured it with what config.pbtxt does not carry: "
        f"{', '.join(missing)}.\nThe measured speed is not to be expected, and answers may differ by rounding. "
        "Measure there, or use `infer.py` of the bundle, which opens it with the measured options.\n"
    )


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
        f"{_as_measured(context.target)}"
    )
