"""How a program opens and calls an ONNX file, by the runtime that the file was measured in."""

from dataclasses import dataclass

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
    open='session = ort.InferenceSession({file!r}, providers=["CPUExecutionProvider"])\n',
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
CODES = {"onnxruntime": ONNXRUNTIME, "openvino": OPENVINO}
"""By the name of the runtime in a target."""


def opening(code: RuntimeCode, file: str, variant: Variant, target: Target) -> str:
    """The line or lines that open the file with the options of its measured sessions, or none where it has none."""
    options = variant.latency.session_options if variant.latency is not None else {}
    return code.open.format(file=file, options=options, provider=target.provider)
