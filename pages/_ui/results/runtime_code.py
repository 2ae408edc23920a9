"""How a program opens and calls an ONNX file, by the runtime that the file was measured in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine import Target, Variant


@dataclass(frozen=True)
class RuntimeCode:
    """Lines of a program, each a template: `file`, `options` and `provider` are written as Python has them.

    After `open_images` the program knows `name`, `shape` and `dtype` of the only input; a length that is not fixed is
    no number in `shape`.
    """

    imports: str
    open: str
    open_images: str
    first_length: str
    """The first length of the input `name`, 1 where any is possible, as `n`."""
    scores: str
    outputs: str


ONNXRUNTIME = RuntimeCode(
    imports="import onnxruntime as ort\n",
    open="session = ort.InferenceSession({file!r}, providers=[{provider!r}])\n",
    open_images="""\
given = session.get_inputs()[0]
dtypes = {{"tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}}
name, shape, dtype = given.name, given.shape, dtypes.get(given.type, np.float32)
""",
    first_length="""\
shape = next(given.shape for given in session.get_inputs() if given.name == {name!r})
n = shape[0] if isinstance(shape[0], int) else 1
""",
    scores="session.run({outputs}, {inputs})[0]",
    outputs="""\
names = [output.name for output in session.get_outputs()]
for name, values in zip(names, session.run(names, {inputs})):
    print(name, values.dtype, values.shape)
""",
)
OPENVINO = RuntimeCode(
    imports="import openvino as ov\n",
    open="""\
options = {options!r}{origin}
model = ov.Core().compile_model({file!r}, {provider!r}, options)
""",
    open_images="""\
given = model.inputs[0]
name, dtype = given.any_name, given.element_type.to_dtype()
shape = [None if length.is_dynamic else length.get_length() for length in given.partial_shape]
""",
    first_length="""\
length = model.input({name!r}).partial_shape[0]
n = 1 if length.is_dynamic else length.get_length()
""",
    scores="model({inputs})[{output}]",
    outputs="""\
for output, values in model({inputs}).items():
    print(output.any_name, values.dtype, values.shape)
""",
)
CONFIG = ("session.intra_op.allow_spinning", "session.x64quantprecision")
CUDA_OPTIONS = ("device_id", "use_tf32", "prefer_nhwc", "enable_cuda_graph")
"""The options of a session that its program sets too, by onnxruntime's names."""
PACKAGES = {
    "CUDAExecutionProvider": "onnxruntime-gpu[cuda,cudnn]",
    "TensorrtExecutionProvider": "onnxruntime-gpu[cuda,cudnn] with TensorRT",
    "MIGraphXExecutionProvider": "onnxruntime-migraphx",
    "DmlExecutionProvider": "onnxruntime-directml",
    "OpenVINOExecutionProvider": "onnxruntime-openvino",
}
"""What brings a provider of onnxruntime that the package onnxruntime has not (onnxruntime.ai, "Install")."""
PRELOAD = "ort.preload_dlls()  # CUDA's libraries, where pip has installed them\n"
BUFFERS = """\
binding, buffers = session.io_binding(), {{}}


def bind(value, array, bind_value):
    buffers[value.name] = ort.OrtValue.ortvalue_from_numpy(array, "cuda", {device})
    bind_value(value.name, buffers[value.name])


def run(outputs, inputs):
    # Buffers on the card, for calls of one shape; images that are made there can be written into them directly.
    if not buffers:
        for value in session.get_inputs():
            bind(value, inputs[value.name], binding.bind_ortvalue_input)
        for value in session.get_outputs():
            shape = [length if isinstance(length, int) else 1 for length in value.shape]
            dtype = np.float16 if value.type == "tensor(float16)" else np.float32
            bind(value, np.zeros(shape, dtype), binding.bind_ortvalue_output)
    for name, array in inputs.items():
        buffers[name].update_inplace(array)
    session.run_with_iobinding(binding)
    return [buffers[name].numpy() for name in outputs or [value.name for value in session.get_outputs()]]


"""
"""Calls through buffers on the card, as a captured graph needs them, of one example each."""
CODES = {"onnxruntime": ONNXRUNTIME, "openvino": OPENVINO}
"""By the name of the runtime in a target."""


def package(target: Target) -> str:
    """What pip installs for a program that opens a file at this target; onnxruntime's and OpenVINO's own name else."""
    return PACKAGES.get(target.provider, target.runtime)


def opening(code: RuntimeCode, file: str, variant: Variant, target: Target) -> str:
    """The lines that open the file with the options of its measured sessions, or with the target's where it has none.

    `target.threads` is None where nobody asked for a number: then onnxruntime takes all cores of where it runs.
    """
    options = _options(variant, target)
    origin = (
        f"  # {'as it was measured' if variant.latency is not None else 'as the run asked; no latency was measured'}"
    )
    has_own = target.threads is not None or any(name in options for name in (*CONFIG, *CUDA_OPTIONS))
    if target.runtime == "onnxruntime" and has_own:
        return _with_options(file, options, target, origin)
    return code.open.format(file=file, options=options, provider=target.provider, origin=origin)


def calling(code: RuntimeCode, variant: Variant, target: Target) -> RuntimeCode:
    """The same code, with calls through buffers on the card where the sessions have them."""
    if not _has_buffers(_options(variant, target)):
        return code
    scores, outputs = (text.replace("session.run(", "run(") for text in (code.scores, code.outputs))
    return replace(code, scores=scores, outputs=outputs)


def _options(variant: Variant, target: Target) -> Mapping[str, str]:
    """Those of the measured sessions; of a variant without a latency those that the target asks for."""
    return variant.latency.session_options if variant.latency is not None else asked_options(target)


def asked_options(target: Target) -> dict[str, str]:
    """The options that a target asks for beside what every session has, by its runtime's own names.

    What the target leaves to the runtime or to the machine is not among them: the precision auto, threads of no number.
    """
    if target.runtime == "openvino":
        return {
            **({"INFERENCE_NUM_THREADS": str(target.threads)} if target.threads and target.on_cpu else {}),
            "NUM_STREAMS": str(target.streams or 1),
            **({"INFERENCE_PRECISION_HINT": target.precision} if target.precision != "auto" else {}),
        }
    threads = {"intra_op_num_threads": str(target.threads)} if target.threads else {}
    if target.on_cuda:
        values = (target.device_id or 0, target.tf32, target.prefer_nhwc, target.cuda_graph)
        own = {name: str(int(value)) for name, value in zip(CUDA_OPTIONS, values, strict=True)}
        return {**threads, **own, "buffers": "bound" if target.bound else "numpy"}
    values = (target.spinning, target.quant_precision or None)
    entries = {name: str(int(value)) for name, value in zip(CONFIG, values, strict=True) if value is not None}
    return {**threads, **entries}


def _has_buffers(options: Mapping[str, str]) -> bool:
    return options.get("buffers") == "bound" or options.get("enable_cuda_graph") == "1"


def _with_options(file: str, options: Mapping[str, str], target: Target, origin: str) -> str:
    """onnxruntime's lines for a session with threads, entries of its configuration or options of the CUDA provider."""
    threads = options.get("intra_op_num_threads") or target.threads
    cuda = {name: options[name] for name in CUDA_OPTIONS if name in options}
    entries = [f"options.add_session_config_entry({name!r}, {options[name]!r})\n" for name in CONFIG if name in options]
    provider = (target.provider, cuda) if cuda else target.provider
    return (
        f"options = ort.SessionOptions(){origin}\n"
        f"{f'options.intra_op_num_threads = {threads}{chr(10)}' if threads else ''}"
        f"{''.join(entries)}"
        f"{PRELOAD if cuda else ''}"
        f"session = ort.InferenceSession({file!r}, options, providers=[{provider!r}])\n"
        f"{BUFFERS.format(device=int(cuda['device_id'])) if _has_buffers(options) else ''}"
    )
