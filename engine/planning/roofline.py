"""How close files come to what this machine can do: the roofline model (Williams, Waterman and Patterson 2009,
doi:10.1145/1498765.1498785), with a ceiling for each operation and data type."""

from engine.results import Note, codes
from engine.results.machine import DataType, Operation, Peaks, Roofline, RooflinePoint, Workload, Workloads
from engine.wording import many

BOUND_SHARE = 0.5
"""Where arithmetic or memory explain less of the measured time, most of it is overhead."""
GIGA = 1e9
_NEXT_BEST: dict[DataType, tuple[DataType, ...]] = {
    "f32": (),
    "bf16": ("f32",),
    "f16": ("f32",),
    "int8": ("f32",),
}
"""The data types whose peak counts where that of the first was not measured."""


def place(workloads: Workloads, peaks: Peaks) -> Roofline:
    """Every file with a latency in the roofline; `skipped` says why one is not there.

    A file's least time is the larger of two: that of its operations, each at the peak of its kind and data type in the
    runtime that timed it, and that of its bytes at the bandwidth. It is bound by the larger one where that is at least
    BOUND_SHARE of the measured time, else by overhead: operators without multiply-adds, the start of each node, threads
    that wait for each other.
    """
    points, skipped = [], list(workloads.skipped)
    for workload in workloads.workloads:
        why = _refusal(workload, workloads.cpu, peaks)
        if why:
            skipped.append(Note(code=codes.NOT_PLACED, text=f"{workload.label} is not in the roofline: {why}"))
        elif (point := _point(workload, peaks)) is not None:
            points.append(point)
    return Roofline(name=workloads.name, points=tuple(points), skipped=tuple(skipped), warnings=peaks.warnings)


def timed_elsewhere(cpu: str, here: str) -> str:
    """Why what was timed on the processor `cpu` says nothing of the one that is here; empty where it is the same."""
    return "" if cpu == here else f"it was timed on another processor ({cpu}); measure the run again here"


def _refusal(workload: Workload, cpu: str, peaks: Peaks) -> str:
    """Why a file cannot be set against these peaks; empty where it can."""
    latency = workload.latency
    if latency is None:
        return "it has no latency"
    if not latency.on_cpu:
        return f"it was timed on {latency.provider}, and the peaks are those of the CPU"
    if elsewhere := timed_elsewhere(cpu, peaks.environment.cpu):
        return elsewhere
    if latency.threads != peaks.threads:
        return f"it was timed with {many(latency.threads, 'thread')}, and the peaks are those of {peaks.threads}"
    if peaks.bandwidth is None or any(_peak(peaks, latency.runtime, *kind) is None for kind in _kinds(workload)):
        return f"the peaks of {latency.runtime} were not measured"
    return ""


def _kinds(workload: Workload) -> list[tuple[Operation, DataType]]:
    return [(share.operation, share.data_type) for share in workload.shares]


def _peak(peaks: Peaks, runtime: str, operation: Operation, data_type: DataType) -> float | None:
    """10^9 operations a second at the most, those of the next data type where this one was not measured."""
    rates = (peaks.peak(runtime, operation, one) for one in (data_type, *_NEXT_BEST[data_type]))
    return next((rate.ceiling for rate in rates if rate is not None), None)


def _point(workload: Workload, peaks: Peaks) -> RooflinePoint | None:
    latency, bandwidth = workload.latency, peaks.bandwidth
    if latency is None or bandwidth is None:
        return None
    batch, compute_s = latency.batch_size, 0.0
    for share in workload.shares:
        peak = _peak(peaks, latency.runtime, share.operation, share.data_type)
        if peak is None:
            return None
        compute_s += batch * share.operations / (peak * GIGA)
    operations = float(batch * sum(share.operations for share in workload.shares))
    moved = float(workload.weight_bytes + batch * workload.activation_bytes)
    memory_s, measured_s = moved / (bandwidth.ceiling * GIGA), latency.p50_ms / 1000
    least_s = max(compute_s, memory_s)
    share_of_roof = least_s / measured_s
    larger: tuple[float, str] = max((compute_s, "compute"), (memory_s, "memory"))
    return RooflinePoint(
        id=workload.id,
        label=workload.label,
        runtime=latency.runtime,
        data_type=_main_type(workload),
        batch_size=batch,
        n_nodes=workload.n_nodes,
        operations=operations,
        bytes=moved,
        intensity=operations / moved,
        achieved=operations / measured_s / GIGA,
        roof=operations / least_s / GIGA,
        compute_ms=1000 * compute_s,
        memory_ms=1000 * memory_s,
        measured_ms=latency.p50_ms,
        share=share_of_roof,
        bound="overhead" if share_of_roof < BOUND_SHARE else "compute" if larger[1] == "compute" else "memory",
    )


def _main_type(workload: Workload) -> DataType:
    """The data type of most operations."""
    totals: dict[DataType, int] = {}
    for share in workload.shares:
        totals[share.data_type] = totals.get(share.data_type, 0) + share.operations
    return max(totals, key=lambda one: totals[one])
