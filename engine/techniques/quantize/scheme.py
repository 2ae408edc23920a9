"""Types of a quantized graph that suit a CPU."""

from dataclasses import dataclass

from onnxruntime.quantization import QuantType

from engine.results import Note
from engine.settings import QuantizeStatic
from engine.system.machine import is_x86
from engine.techniques.quantize.prepare import saturates


@dataclass(frozen=True)
class Scheme:
    """Types of the quantized graph, and the note that gives the reason."""

    activations: QuantType
    reduce_range: bool
    note: Note

    @property
    def widest(self) -> int:
        """The largest integer of a symmetric weight, as in onnxruntime.quantization."""
        return 64 if self.reduce_range else 127


def choose_scheme(settings: QuantizeStatic, isa: tuple[str, ...]) -> Scheme:
    """Activation type and weight range for a CPU with these instructions.

    On x86 the fast kernels take unsigned activations, and without VNNI their sums saturate unless weights keep to 7
    bits, also of signed activations, which onnxruntime makes unsigned there (its QDQS8ToU8Transformer); elsewhere
    symmetric bytes are preferred: see "Choosing parameters for CPU inference" in
    onnxruntime.quantization.quantize_static. Settings that are not auto take precedence.
    """
    x86 = is_x86(isa)
    signed = settings.activations == "signed" or (settings.activations == "auto" and not x86)
    reduce_range = settings.reduce_range if settings.reduce_range is not None else saturates(isa)
    types = f"{'signed' if signed else 'unsigned'} activations, {'7' if reduce_range else '8'}-bit weights"
    return Scheme(
        QuantType.QInt8 if signed else QuantType.QUInt8,
        reduce_range,
        Note(code="quantization_scheme", text=f"INT8 with {types}: {_why(settings, x86, saturates(isa))}"),
    )


def _why(settings: QuantizeStatic, x86: bool, saturating: bool) -> str:
    overrides = [
        name
        for name, value in (("activations", settings.activations), ("reduce_range", settings.reduce_range))
        if value not in ("auto", None)
    ]
    if overrides:
        return f"{' and '.join(overrides)} as set in the recipe"
    if x86 and not saturating:
        return "this CPU has VNNI, which multiplies unsigned by signed bytes without saturation"
    if x86:
        return "this CPU has no VNNI, where full 8-bit products can saturate"
    return "this CPU is no x86, where symmetric signed bytes have the fast kernels"
