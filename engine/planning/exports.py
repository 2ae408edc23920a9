"""Which export each class of hardware wants, and what it brought where it was measured: one table."""

from typing import NamedTuple

from engine.catalogue.measured import race_rows, race_summary
from engine.results import Environment, Hardware
from engine.settings.target import CUDA as CUDA_PROVIDER
from engine.system.machine import VNNI


class ExportAdvice(NamedTuple):
    """One class of hardware: the file to export for it, why, and what that rests on."""

    hardware: str
    export: str
    why: str
    evidence: str


CUDA, AMX, WITH_VNNI, AVX2 = "GPU with CUDA", "CPU with AMX", "CPU with VNNI", "CPU with AVX2, no VNNI"

IN_BF16 = "FP32, OpenVINO bf16"
"""What races call the FP32 file in OpenVINO where it computes in 16 bits."""


def export_advice() -> tuple[ExportAdvice, ...]:
    """Which export each class of hardware wants, the fastest hardware first."""
    return (
        ExportAdvice(
            CUDA,
            "FP16, no QDQ",
            "FP16 pays in batches; one image at a time the card waits for launches, and a captured CUDA graph is what "
            "helps. INT8 QDQ is 2 to 6 times slower than FP32 there.",
            "one NVIDIA H200, onnxruntime 1.31: FP16 1.2 to 1.7 times FP32 at a batch of 64 with bound buffers, a CUDA "
            "graph 1.5 to 2.7 times at one image",
        ),
        ExportAdvice(
            AMX,
            "FP32 file in OpenVINO, which computes it in BF16; static INT8 for ResNet-like networks",
            "AMX multiplies 16-bit and 8-bit tiles, and OpenVINO uses both; onnxruntime computes floats in 32 bits.",
            "two cores of a Xeon with AMX, beside onnxruntime FP32: BF16 1.0 to 3.6 times at one image, 1.4 to 4.2 at "
            "a batch of 8; static INT8 in OpenVINO 0.5 to 4.8 times at one image",
        ),
        ExportAdvice(
            WITH_VNNI,
            "static INT8 (U8 activations, S8 weights, QDQ); with AVX512-BF16 the FP32 file in OpenVINO where INT8 "
            "loses too much",
            "VNNI adds four products of 8 bits at once, without saturation. Where the CPU has BF16, OpenVINO computes "
            f"FP32 files in it, which won {_bf16_summary()}.",
            race_summary("VNNI"),
        ),
        ExportAdvice(
            AVX2,
            "static INT8 with a reduced range (7-bit weights), or FP32",
            "Sums of 8-bit products saturate without VNNI, which 7-bit weights prevent; the gain is smaller.",
            race_summary("AVX2"),
        ),
    )


def _bf16_summary() -> str:
    """How many races the FP32 file in OpenVINO's BF16 has won on a CPU with VNNI and BF16, and how fast it was."""
    races = [row for row in race_rows() if row.cpu == "VNNI"]
    times = [row.speedup.times for row in races if row.winner == IN_BF16]
    return f"{len(times)} of {len(races)} races, {min(times):.2f} to {max(times):.2f} times as fast as FP32"


def suited_exports(hardware: Hardware) -> tuple[ExportAdvice, ...]:
    """The rows of the table for what works on this machine: a card with CUDA first, then the processor."""
    has_cuda = any(one.works and one.name == CUDA_PROVIDER for one in hardware.providers)
    classes = (*((CUDA,) if has_cuda else ()), machine_class(hardware.environment))
    return tuple(row for row in export_advice() if row.hardware in classes)


def machine_class(environment: Environment) -> str | None:
    """The class of a processor in the table of exports, by its instructions; None where it is in none."""
    instructions = set(environment.isa)
    if instructions & {"amx_int8", "amx_bf16"}:
        return AMX
    if instructions & VNNI:
        return WITH_VNNI
    return AVX2 if "avx2" in instructions else None
