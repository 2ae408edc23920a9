"""Peaks, workloads and their roofline made by hand, for whatever only reads them."""

from engine.results import Environment
from engine.results.machine import Peak, Peaks, Rate, Share, Workload, Workloads
from tests.made import BASE, INT8, made_latency

MACHINE = Environment(
    cpu="AMD EPYC", cores=2, memory_bytes=8_000_000_000, isa=("avx2", "avx512_vnni"), runtimes={}, versions={}
)
RATES = {
    ("onnxruntime", "f32"): (100.0, 80.0, 20.0),
    ("onnxruntime", "int8"): (400.0, 200.0, 20.0),
    ("openvino", "f32"): (90.0, 100.0, 25.0),
    ("openvino", "bf16"): (200.0, 180.0, 30.0),
}
"""10^9 operations a second of a GEMM, a dense and a depthwise convolution."""
BANDWIDTH = 10.0


def made_rate(measured: float, *, disturbed: bool = False) -> Rate:
    """A rate with 5 % to either side; where other programs disturbed it, that of a fastest call alone."""
    known = {"measured": measured, "low": 0.95 * measured, "high": 1.05 * measured, "n_runs": 50}
    none = {"measured": None, "low": None, "high": None, "n_runs": 1}
    return Rate(**(none if disturbed else known), fastest=measured if disturbed else 1.1 * measured, n_disturbed=3)


def made_peaks(**changed) -> Peaks:
    peaks = tuple(
        Peak(runtime=runtime, operation=operation, data_type=data_type, rate=made_rate(rate))
        for (runtime, data_type), rates in RATES.items()
        for operation, rate in zip(("gemm", "conv", "depthwise"), rates, strict=True)
    )
    return Peaks(**{"environment": MACHINE, "threads": 2, "peaks": peaks, "bandwidth": made_rate(BANDWIDTH)} | changed)


def made_workload(id=BASE, label="Baseline", p50_ms=2.0, **changed) -> Workload:
    """80 million multiply-adds of dense convolutions in FP32, which take 2 ms at 80 · 10^9 operations a second."""
    values = {
        "id": id,
        "label": label,
        "macs": 80_000_000,
        "shares": (Share(operation="conv", data_type="f32", operations=160_000_000),),
        "weight_bytes": 1_000_000,
        "activation_bytes": 1_000_000,
        "n_nodes": 30,
        "latency": made_latency(p50_ms, 1.0),
    }
    return Workload(**(values | changed))


def made_workloads(*workloads: Workload, **changed) -> Workloads:
    int8 = (Share(operation="conv", data_type="int8", operations=160_000_000),)
    made = workloads or (made_workload(p50_ms=2.5), made_workload(INT8, "Static INT8", 4.0, shares=int8))
    return Workloads(**{"name": "digits to int8", "cpu": MACHINE.cpu, "workloads": made} | changed)
