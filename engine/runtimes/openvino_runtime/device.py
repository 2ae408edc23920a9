"""OpenVINO's devices: what they are, and what they can compute in."""

import functools
import sys

import openvino as ov

CPU = "CPU"
_OF_INTEL = ("GPU", "NPU")
"""The kinds of devices beside the CPU that OpenVINO has plugins for, but on macOS."""
PRECISIONS: dict[str, str] = {"f32": "FP32", "bf16": "BF16"}
"""What a target can ask for, by the name of the capability that a device reports for it."""


@functools.cache
def core() -> ov.Core:
    """OpenVINO's one entry; made once a process, since it looks for every plugin."""
    return ov.Core()


def devices() -> tuple[str, ...]:
    """The names of this machine's devices, the CPU last as onnxruntime has its own."""
    names: list[str] = core().available_devices
    return tuple(sorted(names, key=lambda name: name == CPU))


def known_devices() -> tuple[str, ...]:
    """The names of this machine's devices, and behind them the kinds that OpenVINO knows and does not find here."""
    here = devices()
    missing = [kind for kind in _OF_INTEL if not any(name.partition(".")[0] == kind for name in here)]
    return (*here, *(missing if sys.platform != "darwin" else ()))


def capabilities(device: str) -> tuple[str, ...]:
    """What the device says that it computes in, by OpenVINO's names: FP32, BF16, FP16, INT8."""
    return tuple(core().get_property(device, "OPTIMIZATION_CAPABILITIES"))


def default_precision(device: str) -> str:
    """What the device computes 32-bit floats in where nothing is asked for: bf16 on a CPU that has it."""
    name: str = core().get_property(device, "INFERENCE_PRECISION_HINT").get_type_name()
    return name


def reason(error: Exception) -> str:
    """The readable part of an OpenVINO message, whose first lines are places in its own sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    sentences = [line for line in lines if not line.startswith(("Exception from ", "Check '", "FrontEnd API failed"))]
    return " ".join(sentences or lines or [type(error).__name__])[:300]
