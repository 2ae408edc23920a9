"""What each data type is worth on this machine, measured through its runtimes, and the bandwidth of its memory."""

import time
from typing import Literal

from engine.measure.contention import watched
from engine.measure.peak_graphs import peak_graph, stream_graph
from engine.measure.peaks import PeakTrial, measure_rates
from engine.results import Note, codes
from engine.results.machine import DATA_TYPES, OPERATIONS, RUNTIME_TITLES, DataType, Operation, Peak, Peaks
from engine.settings import PeaksRequest, Target
from engine.store.folders import JobFolder
from engine.store.progress import Progress
from engine.system.machine import cores, environment, memory_bytes
from engine.wording import many

ROWS: tuple[tuple[Literal["onnxruntime", "openvino"], DataType, Literal["auto", "f32", "bf16"]], ...] = (
    ("onnxruntime", "f32", "auto"),
    ("onnxruntime", "f16", "auto"),
    ("onnxruntime", "int8", "auto"),
    ("openvino", "f32", "f32"),
    ("openvino", "bf16", "bf16"),
    ("openvino", "int8", "auto"),
)
"""What is measured: runtime, data type, and the precision that the target asks for."""
BANDWIDTH = "memory"
STREAM_ELEMENTS, STREAM_SHARE = 1 << 25, 1 / 16
"""Elements of the tensor that no cache holds (134 MB), and the share of the memory that it may take at the most."""
MOST_SECONDS = 60.0
"""After that no round begins."""


def peaks(request: PeaksRequest, folder: JobFolder, progress: Progress) -> Peaks:
    """The rates of a GEMM, a dense and a depthwise convolution by runtime and data type, and of memory.

    On the CPU. What a runtime does not do here has no rate and a reason.
    """
    threads = request.threads or cores()
    folder.work.mkdir(parents=True, exist_ok=True)
    trials = {
        _name(runtime, operation, data_type): PeakTrial(
            peak_graph(operation, data_type), Target(runtime=runtime, precision=precision, threads=threads)
        )
        for runtime, data_type, precision in ROWS
        for operation in OPERATIONS
    }
    n_elements = min(STREAM_ELEMENTS, int(STREAM_SHARE * memory_bytes() / 4))
    trials[BANDWIDTH] = PeakTrial(stream_graph(n_elements), Target(threads=threads))

    def on_trial(name: str, share: float) -> None:
        progress.emit("peaks", "peaks", share, f"measuring {name}")

    with watched(threads) as busy:
        rates, errors = measure_rates(trials, folder.work, on_trial, time.monotonic() + MOST_SECONDS)
    n_missing = sum(rate.measured is None for rate in rates.values())
    missing = (_missing_note(n_missing, len(rates)),) if n_missing else ()
    return Peaks(
        environment=environment(),
        threads=threads,
        peaks=tuple(
            Peak(
                runtime=runtime,
                operation=operation,
                data_type=data_type,
                rate=rates.get(name),
                reason=errors[name].message if name in errors else "",
            )
            for runtime, data_type, _ in ROWS
            for operation in OPERATIONS
            for name in [_name(runtime, operation, data_type)]
        ),
        bandwidth=rates.get(BANDWIDTH),
        warnings=missing or tuple(busy),
    )


def _name(runtime: str, operation: Operation, data_type: DataType) -> str:
    """The name of one measurement in messages."""
    return f"{OPERATIONS[operation]} in {DATA_TYPES[data_type]} through {RUNTIME_TITLES[runtime]}"


def _missing_note(n_missing: int, n_rates: int) -> Note:
    text = (
        f"Other programs disturbed {n_missing} of {many(n_rates, 'rate')} again and again: what stands in their place "
        "is that of the fastest call, which this machine does at least. Measure anew on a quiet machine"
    )
    return Note(code=codes.NOT_MEASURED, text=text)
