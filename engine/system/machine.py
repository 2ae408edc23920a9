"""This machine without torch or onnxruntime: processor, instructions, cores, memory, library versions."""

import functools
import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import psutil

from engine.results import Environment

ISA_FLAGS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimdhp",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
)
VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
"""Instruction sets that multiply unsigned by signed bytes and add the products without saturation."""
BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Instruction sets that multiply 16-bit bfloats."""
VERSION = "0.1.0"
LIBRARIES = (
    "nncf",
    "numpy",
    "onnx",
    "onnx-ir",
    "onnxscript",
    "openvino",
    "pillow",
    "safetensors",
    "timm",
    "torch",
    "torch-pruning",
    "torchvision",
)
RUNTIME = "onnxruntime"
"""The module of the runtime, which distributions of several names bring: onnxruntime, onnxruntime-gpu and others."""
_CGROUP = Path("/sys/fs/cgroup")
_NVIDIA_CARDS = Path("/proc/driver/nvidia/gpus")


def environment(runtimes: dict[str, tuple[str, ...]] | None = None) -> Environment:
    """The machine and the versions; `runtimes` (providers by runtime) come from callers that may import them."""
    return Environment(
        cpu=cpu_name(),
        cores=cores(),
        memory_bytes=memory_bytes(),
        isa=isa(),
        runtimes=runtimes or {},
        versions=versions(),
        graphics_cards=graphics_cards(),
        cuda_cards=cuda_cards(),
    )


def measured_here(environment: Environment) -> bool:
    """Whether figures of this environment are of such a machine as this one: its processor, cores and NVIDIA cards."""
    here = (cpu_name(), cores(), graphics_cards())
    return (environment.cpu, environment.cores, environment.graphics_cards) == here


def cores() -> int:
    """Cores that this process may use: its affinity, bounded by the control group's quota; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_cores(_CGROUP)
    return max(1, min(affinity, int(quota))) if quota is not None else affinity


def memory_bytes() -> int:
    """Bytes of memory that this process may use: the machine's, bounded by the control group's limit."""
    total = int(psutil.virtual_memory().total)
    limits = (_first_line(_CGROUP / name) for name in ("memory.max", "memory/memory.limit_in_bytes"))
    return min([total, *(int(limit) for limit in limits if limit.isdigit())])


def cpu_name() -> str:
    """The processor's name as it reports itself."""
    return _cpu()[0]


def isa() -> tuple[str, ...]:
    """Instruction sets that matter here and that the processor reports, under Linux's names, such as avx512_vnni."""
    reported = {flag.replace("_", "") for flag in _cpu()[1]}
    return tuple(flag for flag in ISA_FLAGS if flag.replace("_", "") in reported)


def is_x86(isa: tuple[str, ...]) -> bool:
    """Whether a CPU with these instructions is an x86."""
    return any(name.startswith(("sse", "avx")) for name in isa)


def has_vnni(isa: tuple[str, ...]) -> bool:
    """Whether a CPU with these instructions has products of 8 bits that sum up without saturation."""
    return bool(VNNI & set(isa))


def graphics_cards() -> tuple[str, ...]:
    """Names of the NVIDIA cards as the driver reports them, and which of them are visible, where they differ.

    Empty where the driver lists none: without such a card, and on other systems than Linux.
    """
    names = _nvidia_cards()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return (*names, f"visible: {visible}") if len(set(names)) > 1 and visible is not None else names


def cuda_cards() -> tuple[str, ...]:
    """Names of the NVIDIA cards that this process sees, by the numbers that CUDA gives them; empty where only it knows.

    By itself CUDA counts the fastest first, and the driver lists them by their places on the bus, as CUDA does where
    CUDA_DEVICE_ORDER is PCI_BUS_ID (docs.nvidia.com/cuda, "CUDA Environment Variables").
    """
    names, visible = _nvidia_cards(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if len(set(names)) <= 1:
        return names[: n_cuda_cards() or 0]
    numbers = [str(number) for number in range(len(names))]
    seen = numbers if visible is None else [one.strip() for one in visible.split(",")]
    if os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID" or not set(seen) <= set(numbers):
        return ()
    return tuple(names[int(one)] for one in seen)


def n_cuda_cards() -> int | None:
    """How many NVIDIA cards this process sees, as numbers from 0; None where neither driver nor environment says it."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([one for one in visible.split(",") if one.strip() not in ("", "-1")])
    return len(_nvidia_cards()) or None


def _nvidia_cards() -> tuple[str, ...]:
    """Names of the cards that the driver lists, one a card."""
    listings = [path.read_text(encoding="utf-8") for path in sorted(_NVIDIA_CARDS.glob("*/information"))]
    lines = [line.partition(":") for listing in listings for line in listing.splitlines()]
    return tuple(value.strip() for key, _, value in lines if key == "Model")


def versions() -> dict[str, str]:
    """Versions of python, of this project and of the installed libraries that results depend on, by distribution."""
    installed = {"python": platform.python_version(), "featherweight": own_version()}
    for name in (*LIBRARIES, *runtime_distributions()):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


@functools.cache
def runtime_distributions() -> tuple[str, ...]:
    """Names of the installed distributions that bring onnxruntime: more than one where one hides another."""
    return tuple(sorted(set(packages_distributions().get(RUNTIME, ()))))


@functools.cache
def own_version() -> str:
    """The version with a part of the hash of the engine's code, since another state of it may compute otherwise."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return f"{VERSION}+{digest.hexdigest()[:8]}"


@functools.cache
def _cpu() -> tuple[str, frozenset[str]]:
    """The processor's name and all flags: from /proc/cpuinfo, else from py-cpuinfo, which takes a second."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        return parse_cpuinfo(listing.read_text(encoding="utf-8", errors="replace"))
    import cpuinfo

    info = cpuinfo.get_cpu_info()
    return str(info.get("brand_raw", platform.machine())), frozenset(info.get("flags", ()))


def parse_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Name and flags of the first processor in Linux's /proc/cpuinfo (x86 says flags, ARM says Features)."""
    pairs = [line.partition(":") for line in text.split("\n\n")[0].splitlines()]
    fields = {key.strip().lower(): value.strip() for key, _, value in pairs}
    flags = fields.get("flags") or fields.get("features") or ""
    return fields.get("model name") or platform.machine(), frozenset(flags.split())


def cgroup_cores(root: Path) -> float | None:
    """The quota of the control group (version 2, then 1) in cores, or None where there is none."""
    quota, _, period = _first_line(root / "cpu.max").partition(" ")
    if not period:
        quota = _first_line(root / "cpu" / "cpu.cfs_quota_us")
        period = _first_line(root / "cpu" / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
