"""What this machine can do at the most, what models ask of it, and how close they come."""

from typing import Literal

from engine.results.base import Environment, Note, Result
from engine.results.measurements import Latency

Operation = Literal["gemm", "conv", "depthwise"]
"""A product of matrices, a convolution over all channels, and one over each channel alone."""
DataType = Literal["f32", "bf16", "f16", "int8"]
"""What is multiplied: floats of 32 bits, bfloats and floats of 16 bits, or U8 activations by S8 weights."""
Bound = Literal["compute", "memory", "overhead"]
OPERATIONS: dict[Operation, str] = {"gemm": "GEMM", "conv": "convolution", "depthwise": "depthwise convolution"}
DATA_TYPES: dict[DataType, str] = {"f32": "FP32", "bf16": "BF16", "f16": "FP16", "int8": "INT8"}
RUNTIME_TITLES = {"onnxruntime": "onnxruntime", "openvino": "OpenVINO"}


class Rate(Result):
    """A measured rate, with its 95 % interval, from `n_runs` calls that nothing disturbed.

    `measured`, `low` and `high` are null where other programs disturbed too many calls: then the machine does at least
    `fastest`, the rate of the fastest call of all.
    """

    measured: float | None
    low: float | None
    high: float | None
    fastest: float
    n_runs: int
    n_disturbed: int

    @property
    def ceiling(self) -> float:
        """The rate that others are set against: the measured one, else that of the fastest call."""
        return self.fastest if self.measured is None else self.measured


class Peak(Result):
    """How fast a runtime does one operation in one data type; `rate` in 10^9 operations a second, two a multiply-add.

    Where it could not be measured `rate` is null, and `reason` says why.
    """

    runtime: str
    operation: Operation
    data_type: DataType
    rate: Rate | None
    reason: str = ""


class Peaks(Result):
    """What this machine does at the most with so many threads; `bandwidth` of its memory is in GB/s (10^9 bytes)."""

    environment: Environment
    threads: int
    peaks: tuple[Peak, ...]
    bandwidth: Rate | None
    warnings: tuple[Note, ...] = ()

    def peak(self, runtime: str, operation: Operation, data_type: DataType) -> Rate | None:
        """The rate of an operation in a data type, or None where it was not measured."""
        return next(
            (
                one.rate
                for one in self.peaks
                if (one.runtime, one.operation, one.data_type) == (runtime, operation, data_type)
            ),
            None,
        )

    @property
    def is_estimate(self) -> bool:
        """Whether some of the rates are those of a fastest call alone."""
        rates = [one.rate for one in self.peaks if one.rate is not None] + [self.bandwidth]
        return any(rate is not None and rate.measured is None for rate in rates)


class Share(Result):
    """The operations of one kind in a call for one example, two a multiply-add."""

    operation: Operation
    data_type: DataType
    operations: int


class Workload(Result):
    """What one file computes and moves for one example: an estimate from its graph, before any runtime changes it.

    `weight_bytes` are read once a call, whatever its batch. `activation_bytes` are those of one example: its input,
    and every tensor between layers, written once and read once. `shares` are empty, and `macs` null, where the graph
    does not tell its multiply-adds.
    """

    id: str
    label: str
    macs: int | None
    shares: tuple[Share, ...]
    weight_bytes: int
    activation_bytes: int
    n_nodes: int
    latency: Latency | None


class Workloads(Result):
    """The workload of every variant of a run with a latency, the baseline first, or of one model.

    `cpu` is the processor that the latencies are from; `skipped` says of what there is no workload, and why.
    """

    name: str
    cpu: str
    workloads: tuple[Workload, ...]
    skipped: tuple[Note, ...] = ()


class RooflinePoint(Result):
    """One file in the roofline of this machine; times in ms of a call.

    `intensity` is in operations a byte, `achieved` and `roof` in 10^9 operations a second. `compute_ms` is how long its
    multiply-adds take at the peaks of their operations and data types, `memory_ms` how long its bytes take at the
    bandwidth; the larger of both is the least time of a call, and `share` that time divided by the measured one.
    """

    id: str
    label: str
    runtime: str
    data_type: DataType
    """That of most of its operations."""
    batch_size: int
    n_nodes: int
    operations: float
    bytes: float
    intensity: float
    achieved: float
    roof: float
    compute_ms: float
    memory_ms: float
    measured_ms: float
    share: float
    bound: Bound


class Roofline(Result):
    """Files below the ceilings of the runtimes that they were timed in; `skipped` says which are not, and why.

    `warnings` are those of the peaks.
    """

    name: str
    points: tuple[RooflinePoint, ...]
    skipped: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()


class PublishedThroughput(Result):
    """Images per second that were published for an architecture at an image size, by device."""

    name: str
    img_size: int
    gmacs: float
    images_per_s: dict[str, float]
