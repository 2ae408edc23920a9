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

    library: str
    imports: str
    open: str
    open_images: str
    first_length: str
    """The first length of the input `name`, 1 where any is possible, as `n`."""
    scores: str
    outputs: str


ONNXRUNTIME = RuntimeCode(
    library="onnxruntime",
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
    library="openvino",
    imports="import openvino as ov\n",
    open="""\
options = {options!r}  # as it was measured
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
"""The options of a measured session that its program sets too, by onnxruntime's names."""
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


def opening(code: RuntimeCode, file: str, variant: Variant, target: Target) -> str:
    """The lines that open the file with the options of its measured sessions, or with none where it has none."""
    options = _measured_options(variant)
    if target.runtime == "onnxruntime" and any(name in options for name in (*CONFIG, *CUDA_OPTIONS)):
        return _with_options(file, options, target.provider)
    return code.open.format(file=file, options=options, provider=target.provider)


def calling(code: RuntimeCode, variant: Variant) -> RuntimeCode:
    """The same code, with calls through buffers on the card where the measured sessions had them."""
    if not _has_buffers(_measured_options(variant)):
        return code
    scores, outputs = (text.replace("session.run(", "run(") for text in (code.scores, code.outputs))
    return replace(code, scores=scores, outputs=outputs)


def _measured_options(variant: Variant) -> Mapping[str, str]:
    return variant.latency.session_options if variant.latency is not None else {}


def _has_buffers(options: Mapping[str, str]) -> bool:
    return options.get("buffers") == "bound" or options.get("enable_cuda_graph") == "1"


def _with_options(file: str, options: Mapping[str, str], provider: str) -> str:
    """onnxruntime's lines for a session with entries of its configuration, or with options of the CUDA provider."""
    cuda = {name: options[name] for name in CUDA_OPTIONS if name in options}
    entries = [f"options.add_session_config_entry({name!r}, {options[name]!r})\n" for name in CONFIG if name in options]
    return (
        "options = ort.SessionOptions()  # as it was measured\n"
        f"options.intra_op_num_threads = {options['intra_op_num_threads']}\n"
        f"{''.join(entries)}"
        f"session = ort.InferenceSession({file!r}, options, providers=[{(provider, cuda) if cuda else provider!r}])\n"
        f"{BUFFERS.format(device=int(cuda['device_id'])) if _has_buffers(options) else ''}"
    )
